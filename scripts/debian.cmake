# What Debian's policy asks of a package beyond the plain installation: a compressed manual page and
# a changelog in Debian's form. lintian calls it an error where one is missing.
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS src/ghcr-login.1 CHANGELOG.md)
set(debian ${PROJECT_BINARY_DIR}/debian)

function(install_compressed name directory)
    execute_process(COMMAND gzip -9nf ${debian}/${name} COMMAND_ERROR_IS_FATAL ANY)
    install(FILES ${debian}/${name}.gz DESTINATION ${directory})
endfunction()

file(COPY src/ghcr-login.1 DESTINATION ${debian})
install_compressed(ghcr-login.1 ${CMAKE_INSTALL_MANDIR}/man1)
file(CREATE_LINK ghcr-login.1.gz ${debian}/${helper}.1.gz SYMBOLIC)
install(FILES ${debian}/${helper}.1.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)

file(STRINGS CHANGELOG.md heading REGEX "^## \\[${PROJECT_VERSION}\\] - ")
string(REGEX MATCH "[0-9]+-[0-9]+-[0-9]+$" day "${heading}")
if(NOT day)
    message(FATAL_ERROR "CHANGELOG.md has no heading '## [${PROJECT_VERSION}] - YEAR-MONTH-DAY'")
endif()
execute_process(COMMAND env LC_ALL=C date --utc --rfc-email --date=${day} OUTPUT_VARIABLE date
    OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
file(WRITE ${debian}/changelog "ghcr-login (${PROJECT_VERSION}) unstable; urgency=medium

  * Release ${PROJECT_VERSION}: what is new is told in CHANGELOG.md beside this file.

 -- ${contact}  ${date}
")
install_compressed(changelog ${CMAKE_INSTALL_DOCDIR})
