// libnvrtc.so of the stand-in (nvrtc.h): g++ compiles kernels to a shared object, whose bytes are the "cubin".
//
// STAND_IN_SOURCES (where stand_in.h lies) and STAND_IN_CHECKED (1 for a compiler that adds the checks) are given by who
// builds this library.
#include <dlfcn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace {

constexpr int SUCCESS = 0, INVALID_INPUT = 3, INVALID_PROGRAM = 4, INVALID_OPTION = 5, COMPILATION = 6, NO_NAME = 8;

struct Program {
  std::string source, name, log, image;
  std::vector<std::pair<std::string, std::string>> headers;
};

struct Option {
  const char* text;
  bool prefix;
};
/** Those of NVRTC's that mean something here, or nothing. */
const Option known[] = {
    {"--gpu-architecture=", true}, {"-arch=", true}, {"--std=c++17", false}, {"-std=c++17", false},
    {"--fmad=false", false}, {"-fmad=false", false}, {"-default-device", false}, {"--device-as-default-execution-space", false},
    {"--ftz=false", false}, {"--prec-div=true", false}, {"--prec-sqrt=true", false}, {"-lineinfo", false},
    {"--generate-line-info", false}, {"--restrict", false}, {"--extra-device-vectorization", false},
    {"--ptxas-options=", true}, {"--split-compile=", true}, {"--no-cache", false}};

std::string quoted(const std::string& text) {
  std::string result = "'";
  for (char c : text) result += c == '\'' ? "'\\''" : std::string(1, c);
  return result + "'";
}

void write(const std::string& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; }

std::string read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

bool execute(const std::string& command, std::string& log) {
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) {
    log += "cannot start a shell\n";
    return false;
  }
  char buffer[4096];
  size_t count;
  while ((count = fread(buffer, 1, sizeof buffer, pipe)) > 0) log.append(buffer, count);
  return pclose(pipe) == 0;
}

void replaceAll(std::string& text, const std::string& from, const std::string& to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) text.replace(at, from.size(), to);
}

bool identifier(char c) { return isalnum((unsigned char)c) || c == '_'; }

size_t skipSpace(const std::string& text, size_t at) {
  // Line marks of the preprocessor count as space.
  while (at < text.size()) {
    if (isspace((unsigned char)text[at])) at++;
    else if (text[at] == '#') at = text.find('\n', at);
    else break;
  }
  return at;
}

std::string parenthesized(const std::string& text, size_t& at) {
  int depth = 0;
  size_t begin = at;
  do {
    if (text[at] == '(') depth++;
    if (text[at] == ')') depth--;
    at++;
  } while (depth > 0 && at < text.size());
  return text.substr(begin + 1, at - begin - 2);
}

/** After the preprocessor: each kernel gets the functions that the loader asks for. */
std::string addCalls(const std::string& text) {
  std::string calls = "\n# 1 \"calls\"\n";
  const std::string mark = "__global__";
  for (size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at)) {
    at += mark.size();
    if (identifier(text[at]) || (at > mark.size() && identifier(text[at - mark.size() - 1]))) continue;
    std::string name, bounds;
    for (;;) {
      at = skipSpace(text, at);
      size_t end = at;
      while (end < text.size() && identifier(text[end])) end++;
      if (end == at) break;
      std::string word = text.substr(at, end - at);
      at = skipSpace(text, end);
      if (word == "__launch_bounds__") {
        bounds = parenthesized(text, at);
      } else if (text[at] == '(') {
        name = word;
        break;
      }
    }
    // Declared before it is defined, a kernel is met twice.
    if (name.empty() || calls.find("standInCall_" + name + "(") != std::string::npos) continue;
    calls += "extern \"C\" __attribute__((visibility(\"default\"), no_sanitize(\"thread\"))) void standInCall_" + name + "(void** values) { standInCall(" + name + ", values); }\n";
    calls += "extern \"C\" __attribute__((visibility(\"default\"), no_sanitize(\"thread\"))) int standInSizes_" + name + "(int* sizes) { return standInSizes(" + name + ", sizes); }\n";
    if (!bounds.empty()) calls += "template <typename... T> constexpr int standInFirst_" + name + "(int first, T...) { return first; }\nextern \"C\" __attribute__((visibility(\"default\"))) int standInBounds_" + name + "() { return standInFirst_" + name + "(" + bounds + "); }\n";
  }
  return text + calls;
}

std::string directoryOfThis() {
  Dl_info info;
  dladdr((void*)directoryOfThis, &info);
  std::string path = info.dli_fname;
  return path.substr(0, path.rfind('/'));
}

bool hasFma() { return __builtin_cpu_supports("fma"); }

int compile(Program& program, const std::vector<std::string>& options) {
  std::string defines;
  for (const std::string& option : options) {
    bool good = false;
    for (const Option& one : known) good |= one.prefix ? option.rfind(one.text, 0) == 0 : option == one.text;
    if (option.rfind("-D", 0) == 0) {
      defines += " " + quoted(option);
      good = true;
    }
    if (!good) {
      program.log = "nvrtc: error: unrecognized option " + option + " found\n";
      return INVALID_OPTION;
    }
  }
  const char* temporary = getenv("TMPDIR");
  std::string directory = std::string(temporary != nullptr ? temporary : "/tmp") + "/whetstone-nvrtc-XXXXXX";
  if (mkdtemp(directory.data()) == nullptr) {
    program.log = "no temporary directory " + directory + "\n";
    return COMPILATION;
  }
  // Names with directories are not ours.
  for (auto& header : program.headers) write(directory + "/" + header.first, header.second);
  write(directory + "/" + program.name, program.source);
  std::string base = "cd " + quoted(directory) + " && g++ -x c++ -std=c++17 -DWHETSTONE_STAND_IN" + (STAND_IN_CHECKED ? " -DSTAND_IN_CHECKED" : "");
  std::string flags = " -O2 -g1 -w -fPIC -fvisibility=hidden -ffp-contract=off -fno-strict-aliasing";
#ifdef __x86_64__
  if (hasFma()) flags += " -mfma";
#endif
  if (STAND_IN_CHECKED) flags += " -fsanitize=thread --param tsan-instrument-func-entry-exit=0 -fsanitize=alignment,bounds,shift,integer-divide-by-zero";
  bool good = execute(base + " -w -E -DSTAND_IN_SCAN -I" + quoted(STAND_IN_SOURCES) + defines + " " + quoted(program.name) + " -o scanned.ii", program.log);
  if (good) {
    // Under its own name, for messages and for the lines in reports.
    mkdir((directory + "/scanned").c_str(), 0700);
    std::string file = program.name.substr(program.name.rfind('/') + 1);
    write(directory + "/scanned/" + file, addCalls(read(directory + "/scanned.ii")));
    std::string marks = " -D'__global__=__attribute__((visibility(\"default\")))' -D'__launch_bounds__(...)='";
    good = execute(base + marks + flags + " -c " + quoted("scanned/" + file) + " -o module.o", program.log) &&
           execute("cd " + quoted(directory) + " && g++ -shared -Wl,-z,max-page-size=4096 module.o -o module.so -L" + quoted(directoryOfThis()) + " -l:libcuda.so.1", program.log);
  }
  if (good) program.image = read(directory + "/module.so");
  replaceAll(program.log, directory + "/", "");
  std::string ignored;
  execute("rm -rf " + quoted(directory), ignored);
  return good ? SUCCESS : COMPILATION;
}

}  // namespace

#define API extern "C" __attribute__((visibility("default")))

API int nvrtcVersion(int* major, int* minor) {
  *major = 13;
  *minor = 0;
  return SUCCESS;
}
API const char* nvrtcGetErrorString(int code) {
  switch (code) {
    case SUCCESS: return "NVRTC_SUCCESS";
    case INVALID_INPUT: return "NVRTC_ERROR_INVALID_INPUT";
    case INVALID_PROGRAM: return "NVRTC_ERROR_INVALID_PROGRAM";
    case INVALID_OPTION: return "NVRTC_ERROR_INVALID_OPTION";
    case COMPILATION: return "NVRTC_ERROR_COMPILATION";
    default: return "NVRTC_ERROR unknown";
  }
}
namespace {
const int architectures[] = {75, 80, 86, 87, 89, 90, 100, 103, 120, 121};
}
API int nvrtcGetNumSupportedArchs(int* count) {
  *count = sizeof architectures / sizeof *architectures;
  return SUCCESS;
}
API int nvrtcGetSupportedArchs(int* result) {
  memcpy(result, architectures, sizeof architectures);
  return SUCCESS;
}
API int nvrtcCreateProgram(Program** result, const char* source, const char* name, int headers, const char* const* texts, const char* const* names) {
  if (source == nullptr || headers < 0) return INVALID_INPUT;
  auto* program = new Program;
  program->source = source;
  program->name = name != nullptr ? name : "default_program";
  for (int i = 0; i < headers; i++) program->headers.emplace_back(names[i], texts[i]);
  *result = program;
  return SUCCESS;
}
API int nvrtcDestroyProgram(Program** program) {
  delete *program;
  *program = nullptr;
  return SUCCESS;
}
API int nvrtcCompileProgram(Program* program, int count, const char* const* options) {
  if (program == nullptr) return INVALID_PROGRAM;
  return compile(*program, std::vector<std::string>(options, options + count));
}
API int nvrtcGetProgramLogSize(Program* program, size_t* bytes) {
  *bytes = program->log.size() + 1;
  return SUCCESS;
}
API int nvrtcGetProgramLog(Program* program, char* log) {
  memcpy(log, program->log.c_str(), program->log.size() + 1);
  return SUCCESS;
}
API int nvrtcGetCUBINSize(Program* program, size_t* bytes) {
  *bytes = program->image.size();
  return SUCCESS;
}
API int nvrtcGetCUBIN(Program* program, char* image) {
  memcpy(image, program->image.data(), program->image.size());
  return SUCCESS;
}
API int nvrtcGetPTXSize(Program* program, size_t* bytes) { return nvrtcGetCUBINSize(program, bytes); }
API int nvrtcGetPTX(Program* program, char* image) { return nvrtcGetCUBIN(program, image); }
