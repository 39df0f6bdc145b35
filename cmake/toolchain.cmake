# Flags, dependencies and the one way in which this project declares a library or a unit test.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

option(LAZYLFS_LAZY_LIBRARIES "Load libcurl, libgit2, SQLite and libfuse at their first use" ON)
option(LAZYLFS_WERROR "Treat warnings as errors (set by the presets)" OFF)
set(LAZYLFS_SANITIZE "" CACHE STRING "Sanitizers to build with, for example address,undefined")

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
endif()

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(nlohmann_json 3.11 REQUIRED)
pkg_check_modules(CURL REQUIRED IMPORTED_TARGET libcurl>=7.84)
pkg_check_modules(LIBGIT2 REQUIRED IMPORTED_TARGET libgit2>=1.5)
pkg_check_modules(ZLIB REQUIRED IMPORTED_TARGET zlib>=1.2.9)
pkg_check_modules(SQLITE3 REQUIRED IMPORTED_TARGET sqlite3>=3.40)
pkg_check_modules(FUSE3 REQUIRED IMPORTED_TARGET fuse3>=3.14)

include(lazy_library)

# Only SHA-256 is wanted of libcrypto: five of its object files, where there is a static library.
# Loading the whole of it would be a quarter of the time that a short command takes.
add_library(lazylfs_sha256 INTERFACE)
find_library(LAZYLFS_STATIC_CRYPTO libcrypto.a)
if(LAZYLFS_LAZY_LIBRARIES AND LAZYLFS_STATIC_CRYPTO AND NOT LAZYLFS_SANITIZE)
  target_link_libraries(lazylfs_sha256 INTERFACE ${LAZYLFS_STATIC_CRYPTO})
  target_link_options(lazylfs_sha256 INTERFACE LINKER:--exclude-libs,libcrypto.a)
  target_include_directories(lazylfs_sha256 SYSTEM INTERFACE ${OPENSSL_INCLUDE_DIR})
else()
  target_link_libraries(lazylfs_sha256 INTERFACE OpenSSL::Crypto)
endif()

add_library(lazylfs_flags INTERFACE)
target_include_directories(lazylfs_flags INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_definitions(lazylfs_flags INTERFACE
  _FILE_OFFSET_BITS=64 LAZYLFS_VERSION="${PROJECT_VERSION}")
target_compile_options(lazylfs_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast
  -Wextra-semi -Wsuggest-override -Wzero-as-null-pointer-constant -Wnon-virtual-dtor
  -Woverloaded-virtual -Wcast-align -Wdouble-promotion -Wformat=2 -Wimplicit-fallthrough
  $<$<CXX_COMPILER_ID:GNU>:-Wduplicated-cond -Wlogical-op>
  # clang 14 takes the zero inside a defaulted <=> for a null pointer.
  $<$<CXX_COMPILER_ID:Clang>:-Wno-gnu-statement-expression -Wno-zero-as-null-pointer-constant>
  $<$<BOOL:${LAZYLFS_WERROR}>:-Werror>)
target_link_libraries(lazylfs_flags INTERFACE Threads::Threads)
if(LAZYLFS_SANITIZE)
  target_compile_options(lazylfs_flags INTERFACE
    -fsanitize=${LAZYLFS_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(lazylfs_flags INTERFACE -fsanitize=${LAZYLFS_SANITIZE})
endif()

# lazylfs_library(<name> SOURCES a.cc … LINK <targets the module may use> [PRIVATE_LINK <C libraries>])
function(lazylfs_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK;PRIVATE_LINK" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC lazylfs_flags ${ARG_LINK} PRIVATE ${ARG_PRIVATE_LINK})
  # What cmake/library.cmake installs.
  cmake_path(RELATIVE_PATH CMAKE_CURRENT_SOURCE_DIR BASE_DIRECTORY ${CMAKE_SOURCE_DIR}
    OUTPUT_VARIABLE folder)
  if(folder MATCHES "^lfs/")
    set_property(GLOBAL APPEND PROPERTY LAZYLFS_LFS_MODULES ${name})
  elseif(folder STREQUAL "cache")
    set_property(GLOBAL APPEND PROPERTY LAZYLFS_CACHE_MODULES ${name})
  endif()
endfunction()

# lazylfs_unit_test(<name> SOURCES a_test.cc … LINK <the module under test, and fakes>)
# A unit-test binary links its module alone: a hidden dependency fails the link.
function(lazylfs_unit_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE lazylfs_flags ${ARG_LINK} GTest::gmock GTest::gtest_main)
  gtest_discover_tests(${name} DISCOVERY_TIMEOUT 120
    PROPERTIES TIMEOUT 120 LABELS unit)
endfunction()
