# What is installed beside the program, and the Debian packages that CPack makes of it: lazylfs (the
# program) and lazylfs-dev (the library). scripts/package calls it.
set(LAZYLFS_MAINTAINER "the lazylfs authors <lazylfs@localhost>"
  CACHE STRING "Name and address of who makes the packages")

foreach(kind system user)
  install(FILES ${CMAKE_CURRENT_LIST_DIR}/systemd/${kind}/lazylfs@.service
    DESTINATION lib/systemd/${kind} COMPONENT runtime)
endforeach()
# mount(8) looks for /sbin/mount.fuse.lazylfs, which with a merged /usr is the same as /usr/sbin.
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/packaging)
file(CREATE_LINK ../bin/git-lfs ${CMAKE_BINARY_DIR}/packaging/mount.fuse.lazylfs SYMBOLIC)
install(FILES ${CMAKE_BINARY_DIR}/packaging/mount.fuse.lazylfs
  DESTINATION ${CMAKE_INSTALL_SBINDIR} COMPONENT runtime)

# The version of Git LFS that the package stands for.
file(STRINGS ${CMAKE_SOURCE_DIR}/lfs/base/version.h compatible REGEX "define LAZYLFS_COMPATIBLE_VERSION")
string(REGEX MATCH "[0-9]+\\.[0-9]+\\.[0-9]+" compatible "${compatible}")

# The libraries that the program opens at their first use are no dependencies that the package's
# tools could see. They are those that it was linked with, at least in the version that was here:
# the trampolines are made from its list of functions.
set(depends "git (>= 1:2.20)")
foreach(library CURL LIBGIT2 SQLITE3 FUSE3 ZLIB)
  get_filename_component(file "${${library}_FILE}" REALPATH)
  execute_process(COMMAND dpkg-query --search "${file}" OUTPUT_VARIABLE found ERROR_QUIET)
  if(NOT found)  # dpkg knows it by its name before /usr was merged
    string(REGEX REPLACE "^/usr" "" file "${file}")
    execute_process(COMMAND dpkg-query --search "${file}" OUTPUT_VARIABLE found ERROR_QUIET)
  endif()
  if(found MATCHES "^([^:, ]+)")
    set(package ${CMAKE_MATCH_1})
    execute_process(COMMAND dpkg-query --show "--showformat=\${Version}" ${package}
      OUTPUT_VARIABLE version ERROR_QUIET)
    string(REGEX REPLACE "-[^-]*$" "" version "${version}")
    string(APPEND depends ", ${package} (>= ${version})")
  endif()
endforeach()

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME lazylfs)
set(CPACK_PACKAGE_VENDOR "the lazylfs authors")
set(CPACK_PACKAGE_CONTACT "${LAZYLFS_MAINTAINER}")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "Git Large File Support, with mounts that fetch what is read")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_PACKAGE_DIRECTORY ${CMAKE_BINARY_DIR}/packages)
set(CPACK_STRIP_FILES TRUE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_ALL runtime development)
set(CPACK_COMPONENTS_GROUPING ONE_PER_GROUP)
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_CURRENT_LIST_DIR}/debian_files.cmake)

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION TRUE)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)

set(CPACK_DEBIAN_RUNTIME_PACKAGE_NAME lazylfs)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SECTION vcs)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_DEPENDS "${depends}")
set(CPACK_DEBIAN_RUNTIME_PACKAGE_RECOMMENDS "fuse3")
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SUGGESTS "openssh-client")
set(CPACK_DEBIAN_RUNTIME_PACKAGE_PROVIDES "git-lfs (= ${compatible})")
set(CPACK_DEBIAN_RUNTIME_PACKAGE_CONFLICTS "git-lfs")
set(CPACK_DEBIAN_RUNTIME_PACKAGE_REPLACES "git-lfs")
set(CPACK_DEBIAN_RUNTIME_PACKAGE_CONTROL_EXTRA
  "${CMAKE_CURRENT_LIST_DIR}/debian/postinst;${CMAKE_CURRENT_LIST_DIR}/debian/prerm")
set(CPACK_COMPONENT_RUNTIME_DESCRIPTION
"A Git LFS client that replaces git-lfs: the same commands, filters, hooks
and settings.\\n\\nBeyond it, 'git lfs mount' shows a repository as a read-only file system
whose large files are fetched when, and as far as, something reads them,
from a cache that all repositories share.")

set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME lazylfs-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS
  "libcurl4-openssl-dev, libgit2-dev, libsqlite3-dev, libssl-dev, nlohmann-json3-dev, pkg-config, \
zlib1g-dev")
set(CPACK_DEBIAN_DEVELOPMENT_DESCRIPTION_SUMMARY "Git LFS and its cache as a C++ library")
set(CPACK_COMPONENT_DEVELOPMENT_DESCRIPTION
"Headers, static libraries and the CMake package of lazylfs: repositories
and pointers, the LFS protocol, transfers, and the shared cache.")
include(CPack)
