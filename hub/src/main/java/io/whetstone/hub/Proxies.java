package io.whetstone.hub;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Proxies by the environment, as curl, pip and huggingface_hub read it: {@code HTTPS_PROXY}, {@code
 * HTTP_PROXY} or {@code ALL_PROXY}, in small letters too, and those hosts of {@code NO_PROXY} that
 * are asked without one. Where none of them is set, the JVM's own settings hold ({@code
 * -Dhttps.proxyHost}).
 */
final class Proxies extends ProxySelector {
  private final Map<String, String> environment;
  private final ProxySelector otherwise;

  private Proxies(Map<String, String> environment, ProxySelector otherwise) {
    this.environment = environment;
    this.otherwise = otherwise;
  }

  /**
   * @throws IllegalArgumentException naming the variable that is no proxy this can use
   */
  static ProxySelector of(Map<String, String> environment) {
    Proxies proxies = new Proxies(Map.copyOf(environment), ProxySelector.getDefault());
    for (String scheme : List.of("https", "http")) {
      proxies.proxy(scheme);
    }
    return proxies;
  }

  @Override
  public List<Proxy> select(URI address) {
    Optional<InetSocketAddress> proxy = proxy(address.getScheme());
    if (proxy.isEmpty()) {
      return otherwise.select(address);
    }
    return List.of(
        isExcepted(address.getHost().toLowerCase(Locale.ROOT), port(address))
            ? Proxy.NO_PROXY
            : new Proxy(Proxy.Type.HTTP, proxy.get()));
  }

  private static int port(URI address) {
    return address.getPort() >= 0
        ? address.getPort()
        : address.getScheme().equals("https") ? 443 : 80;
  }

  private Optional<InetSocketAddress> proxy(String scheme) {
    for (String name : List.of(scheme + "_proxy", "all_proxy")) {
      for (String spelt : List.of(name, name.toUpperCase(Locale.ROOT))) {
        String value = environment.getOrDefault(spelt, "").strip();
        if (!value.isEmpty()) {
          return Optional.of(parse(spelt, value));
        }
      }
    }
    return Optional.empty();
  }

  private static InetSocketAddress parse(String name, String value) {
    URI uri;
    try {
      uri = URI.create(value.contains("://") ? value : "http://" + value);
    } catch (IllegalArgumentException e) {
      throw refused(name, value, "is no address");
    }
    if (uri.getHost() == null || !"http".equals(uri.getScheme())) {
      throw refused(name, value, "is no address of an HTTP proxy");
    }
    if (uri.getUserInfo() != null) {
      throw refused(name, "http://…@" + uri.getHost(), "has a user's name, which is not supported");
    }
    return InetSocketAddress.createUnresolved(
        uri.getHost(), uri.getPort() < 0 ? 80 : uri.getPort());
  }

  private static IllegalArgumentException refused(String name, String value, String what) {
    return new IllegalArgumentException(
        name + ": " + value + " " + what + "; expected http://HOST:PORT");
  }

  /** NO_PROXY's entries: a host, a domain with all in it, with a port or without; * for all. */
  private boolean isExcepted(String host, int port) {
    String excepted =
        environment.getOrDefault("no_proxy", environment.getOrDefault("NO_PROXY", ""));
    return Arrays.stream(excepted.toLowerCase(Locale.ROOT).split("[,\\s]+"))
        .filter(entry -> !entry.isEmpty())
        .anyMatch(entry -> entry.equals("*") || matches(entry, host, port));
  }

  private static boolean matches(String entry, String host, int port) {
    int colon = entry.lastIndexOf(':');
    boolean withPort = colon > 0 && entry.substring(colon + 1).matches("\\d+");
    if (withPort && Integer.parseInt(entry.substring(colon + 1)) != port) {
      return false;
    }
    String name = (withPort ? entry.substring(0, colon) : entry).replaceFirst("^\\*?\\.", "");
    return host.equals(name) || host.endsWith("." + name);
  }

  @Override
  public void connectFailed(URI address, SocketAddress proxy, IOException failure) {
    // The client says so itself.
  }
}
