# Shared libraries that are loaded when one of their functions is first called.
#
# The dynamic loader needs several milliseconds for libcurl, libgit2 and the forty libraries behind
# them, and git starts this program for single files. So the program is linked with trampolines
# that have the names of a library's functions: the first call of one opens the library and stores
# the function's address, each later call is one indirect jump, as through an ordinary PLT.
enable_language(ASM)

# lazylfs_lazy_library(<name> <pkg-config prefix>) makes the target <name>, to be linked instead of
# PkgConfig::<prefix>. Where trampolines cannot be made it is the ordinary library.
function(lazylfs_lazy_library name prefix)
  add_library(${name} INTERFACE)
  find_library(${prefix}_FILE NAMES ${${prefix}_LIBRARIES} HINTS ${${prefix}_LIBRARY_DIRS})
  get_filename_component(file "${${prefix}_FILE}" REALPATH)
  set(made FALSE)
  if(LAZYLFS_LAZY_LIBRARIES AND NOT LAZYLFS_SANITIZE AND file MATCHES "\\.so[.0-9]*$"
     AND CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|amd64|AMD64)$")
    execute_process(COMMAND ${CMAKE_NM} -D --defined-only ${file} OUTPUT_VARIABLE listing)
    execute_process(COMMAND ${CMAKE_OBJDUMP} -p ${file} OUTPUT_VARIABLE headers)
    if(headers MATCHES "SONAME +([^\n ]+)")
      set(LAZY_SONAME ${CMAKE_MATCH_1})
      set(made TRUE)
    endif()
  endif()
  if(NOT made)
    target_link_libraries(${name} INTERFACE PkgConfig::${prefix})
    return()
  endif()
  string(REGEX MATCHALL " [TW] [A-Za-z_][A-Za-z0-9_]*" entries "${listing}")
  list(TRANSFORM entries REPLACE "^ . " "")
  list(REMOVE_DUPLICATES entries)
  list(FILTER entries EXCLUDE REGEX "^_(init|fini)$")
  list(JOIN entries "\nLAZY_FUNCTION " LAZY_FUNCTIONS)
  string(PREPEND LAZY_FUNCTIONS "LAZY_FUNCTION ")
  configure_file(${CMAKE_SOURCE_DIR}/cmake/lazy_library.S.in ${CMAKE_BINARY_DIR}/lazy/${name}.S @ONLY)
  add_library(${name}_trampolines STATIC ${CMAKE_BINARY_DIR}/lazy/${name}.S)
  target_link_libraries(${name}_trampolines INTERFACE lfs_base)
  target_include_directories(${name} SYSTEM INTERFACE ${${prefix}_INCLUDE_DIRS})
  target_compile_options(${name} INTERFACE ${${prefix}_CFLAGS_OTHER})
  target_link_libraries(${name} INTERFACE ${name}_trampolines)
endfunction()

lazylfs_lazy_library(lazy_curl CURL)
lazylfs_lazy_library(lazy_git2 LIBGIT2)
lazylfs_lazy_library(lazy_zlib ZLIB)
lazylfs_lazy_library(lazy_sqlite3 SQLITE3)
lazylfs_lazy_library(lazy_fuse3 FUSE3)
