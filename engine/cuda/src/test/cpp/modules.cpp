#include <cxxabi.h>
#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "blocks.h"

namespace standin {
namespace {

std::string readFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

std::string demangled(const char* name) {
  int status = 0;
  char* text = abi::__cxa_demangle(name, nullptr, nullptr, &status);
  std::string result = status == 0 && text != nullptr ? text : name;
  free(text);
  size_t scope = result.rfind("::");
  return scope == std::string::npos ? result : result.substr(scope + 2);
}

/** Arrays of static shared memory: objects that are aligned as __shared__ says, which nothing else is. */
void findShared(const std::string& image, Loaded& module) {
  const char* bytes = image.data();
  const Elf64_Ehdr* header = (const Elf64_Ehdr*)bytes;
  const Elf64_Shdr* sections = (const Elf64_Shdr*)(bytes + header->e_shoff);
  for (int s = 0; s < header->e_shnum; s++) {
    if (sections[s].sh_type != SHT_SYMTAB) continue;
    const Elf64_Sym* symbols = (const Elf64_Sym*)(bytes + sections[s].sh_offset);
    const char* names = bytes + sections[sections[s].sh_link].sh_offset;
    for (size_t i = 0; i < sections[s].sh_size / sizeof(Elf64_Sym); i++) {
      const Elf64_Sym& symbol = symbols[i];
      if (ELF64_ST_TYPE(symbol.st_info) != STT_OBJECT || symbol.st_value % 65536 != 0) continue;
      if (symbol.st_shndx == SHN_UNDEF || symbol.st_shndx >= header->e_shnum) continue;
      if (sections[symbol.st_shndx].sh_type != SHT_NOBITS) continue;
      module.shared.push_back({module.base + symbol.st_value, symbol.st_size, demangled(names + symbol.st_name)});
    }
  }
  for (const SharedArray& array : module.shared) {
    if (module.sharedBegin == 0 || array.begin < module.sharedBegin) module.sharedBegin = array.begin;
    if (array.begin + 65536 > module.sharedEnd) module.sharedEnd = array.begin + 65536;
  }
}

int findSegments(struct dl_phdr_info* info, size_t, void* data) {
  Loaded& module = *(Loaded*)data;
  if (info->dlpi_addr != module.base) return 0;
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const auto& segment = info->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD) continue;
    uintptr_t begin = info->dlpi_addr + segment.p_vaddr, end = begin + segment.p_memsz;
    bool write = (segment.p_flags & PF_W) != 0;
    uintptr_t& from = write ? module.writeBegin : module.readBegin;
    uintptr_t& to = write ? module.writeEnd : module.readEnd;
    if (from == 0 || begin < from) from = begin;
    if (end > to) to = end;
  }
  return 1;
}

}  // namespace

Loaded::~Loaded() {
  if (handle != nullptr) dlclose(handle);
  if (file >= 0) close(file);
}

std::unique_ptr<Loaded> load(const std::string& path) {
  auto module = std::make_unique<Loaded>();
  module->handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (module->handle == nullptr) throw std::string(dlerror());
  module->path = path;
  struct link_map* map = nullptr;
  dlinfo(module->handle, RTLD_DI_LINKMAP, &map);
  module->base = map->l_addr;
  dl_iterate_phdr(findSegments, module.get());
  findShared(readFile(path), *module);
  auto address = (void* (*)())dlsym(module->handle, "standInThreadAddress");
  if (address == nullptr) throw "no module of the stand-in's: " + path;
  module->thread = (StandInThread*)address();
  module->checked = dlsym(module->handle, "standInChecked") != nullptr;
  module->cells.resize(module->checked ? module->sharedEnd - module->sharedBegin + 65536 : 0);
  return module;
}

Loaded* Module::copy(int worker) {
  std::lock_guard<std::mutex> lock(mutex);
  auto& copy = copies[worker];
  if (copy == nullptr) {
    // A file in memory: nothing is left behind, and each copy is a library of its own to the loader.
    int file = memfd_create("whetstone-module", MFD_CLOEXEC);
    if (file < 0 || write(file, image.data(), image.size()) != (ssize_t)image.size()) throw std::string("cannot hold a module in memory");
    std::string path = "/proc/" + std::to_string(getpid()) + "/fd/" + std::to_string(file);
    copy = load(path);
    copy->file = file;
  }
  return copy.get();
}

}  // namespace standin
