# lfs/ and cache/ for other programs: two archives, their headers and a CMake package, which together
# are the component "development". Ours are linked module by module; these hold the same object
# files, and refer to libcurl, libgit2, SQLite and zlib as any library does: the trampolines that defer
# loading them (cmake/lazy_library.cmake) belong to the program alone.
include(CMakePackageConfigHelpers)

set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/lazylfs)

# lazylfs_archive(<target> <name as lazylfs::…> <file> <property with the modules>)
function(lazylfs_archive target name file property)
  get_property(modules GLOBAL PROPERTY ${property})
  set(objects "")
  foreach(module IN LISTS modules)
    list(APPEND objects "$<FILTER:$<TARGET_OBJECTS:${module}>,EXCLUDE,lazy_library\\.cc>")
  endforeach()
  add_library(${target} STATIC ${objects})
  set_target_properties(${target} PROPERTIES
    EXPORT_NAME ${name} OUTPUT_NAME ${file} LINKER_LANGUAGE CXX)
  # Includes inside the headers begin with "lfs/" and "cache/".
  target_include_directories(${target} INTERFACE
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/lazylfs>)
  target_compile_features(${target} INTERFACE cxx_std_20)
  target_compile_definitions(${target} INTERFACE
    _FILE_OFFSET_BITS=64 LAZYLFS_VERSION="${PROJECT_VERSION}")
endfunction()

lazylfs_archive(lazylfs_lfs lfs lazylfs LAZYLFS_LFS_MODULES)
target_link_libraries(lazylfs_lfs INTERFACE
  $<INSTALL_INTERFACE:nlohmann_json::nlohmann_json>
  $<INSTALL_INTERFACE:OpenSSL::Crypto>
  $<INSTALL_INTERFACE:PkgConfig::LAZYLFS_CURL>
  $<INSTALL_INTERFACE:PkgConfig::LAZYLFS_LIBGIT2>
  $<INSTALL_INTERFACE:PkgConfig::LAZYLFS_ZLIB>
  $<INSTALL_INTERFACE:Threads::Threads>
  ${CMAKE_DL_LIBS})
lazylfs_archive(lazylfs_cache cache lazylfs_cache LAZYLFS_CACHE_MODULES)
target_link_libraries(lazylfs_cache INTERFACE lazylfs_lfs
  $<INSTALL_INTERFACE:PkgConfig::LAZYLFS_SQLITE3>)

install(TARGETS lazylfs_lfs lazylfs_cache EXPORT lazylfs
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development)
install(EXPORT lazylfs NAMESPACE lazylfs:: FILE lazylfs-targets.cmake
  DESTINATION ${package_folder} COMPONENT development)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/lfs ${CMAKE_SOURCE_DIR}/cache
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/lazylfs COMPONENT development
  FILES_MATCHING PATTERN "*.h")

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/lazylfs-config.cmake.in
  ${CMAKE_BINARY_DIR}/lazylfs-config.cmake INSTALL_DESTINATION ${package_folder})
# Before 1.0 each minor version may change the interface.
write_basic_package_version_file(${CMAKE_BINARY_DIR}/lazylfs-config-version.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/lazylfs-config.cmake
  ${CMAKE_BINARY_DIR}/lazylfs-config-version.cmake
  DESTINATION ${package_folder} COMPONENT development)
