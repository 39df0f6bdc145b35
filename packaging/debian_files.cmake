# Called by CPack between installing into the staging folder and packing it: what Debian's policy
# wants of every package. The files' times are those of the build, or SOURCE_DATE_EPOCH.
string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC)

foreach(pair runtime:lazylfs development:lazylfs-dev)
  string(REPLACE ":" ";" pair ${pair})
  list(GET pair 0 component)
  list(GET pair 1 package)
  set(root ${CPACK_TEMPORARY_INSTALL_DIRECTORY}/${component}/usr)
  if(NOT IS_DIRECTORY ${root})
    continue()
  endif()
  set(documents ${root}/share/doc/${package})
  file(MAKE_DIRECTORY ${documents})
  file(COPY_FILE ${CMAKE_CURRENT_LIST_DIR}/debian/copyright ${documents}/copyright)
  file(COPY_FILE ${CMAKE_CURRENT_LIST_DIR}/../CHANGELOG.md ${documents}/changelog)
  file(WRITE ${documents}/changelog.Debian
    "lazylfs (${CPACK_PACKAGE_VERSION}-1) unstable; urgency=medium\n\n"
    "  * Packaged by the project itself; changelog.gz has what is new.\n\n"
    " -- ${CPACK_PACKAGE_CONTACT}  ${date}\n")
  file(GLOB packed ${root}/share/man/man*/*.[0-9] ${documents}/changelog*)
  execute_process(COMMAND gzip -9 --no-name --force ${packed} COMMAND_ERROR_IS_FATAL ANY)
  file(GLOB archives ${root}/lib/*.a ${root}/lib/*/*.a)
  if(archives)
    execute_process(COMMAND strip --strip-debug --remove-section=.comment
      --remove-section=.note --enable-deterministic-archives ${archives}
      COMMAND_ERROR_IS_FATAL ANY)
  endif()
endforeach()
