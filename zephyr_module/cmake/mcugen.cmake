# mcugen_add_model(): a model file becomes a library of a Zephyr application.
#
# Part of mcugen. The application gets this function from mcugen's Zephyr module; docs/zephyr/ has a tutorial.

include_guard(GLOBAL)
include(${CMAKE_CURRENT_LIST_DIR}/mcugen_zephyr.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/mcugen_board.cmake)

# mcugen_add_model(<target>
#                  NAME <name> MODEL <file.pt2> [CALIBRATION <file.npz>|random]
#                  [KERNELS auto|native|cmsis-nn|portable] [OPTIMIZE speed|size|ram]
#                  [MAX_RAM <size>] [MAX_FLASH <size>] [BOARD <board>]
#                  [ARENA own|shared|caller] [ARENA_REGION <region> | ARENA_SECTION <section>]
#                  [WEIGHTS_REGION <region> [WEIGHTS_NOCOPY] | WEIGHTS_SECTION <section>]
#                  [VECTORS] [STATISTICS] [UNLISTED])
#
# Emits the model for the core that Kconfig describes when the application is built, and again when the model, the
# calibration or the configuration changes. <target> (usually app) is linked with the library mcugen_<name> and finds
# <name>.h. What is left out comes from Kconfig: CONFIG_MCUGEN_KERNELS_*, CONFIG_MCUGEN_OPTIMIZE_*, CONFIG_MCUGEN_VECTORS,
# CONFIG_MCUGEN_STATISTICS. BOARD overrides the description made from Kconfig and devicetree.
function(mcugen_add_model target)
  set(places ARENA ARENA_REGION ARENA_SECTION WEIGHTS_REGION WEIGHTS_SECTION)
  set(flags VECTORS STATISTICS UNLISTED WEIGHTS_NOCOPY)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "${flags}"
    "NAME;MODEL;CALIBRATION;KERNELS;OPTIMIZE;MAX_RAM;MAX_FLASH;BOARD;${places}" "")
  mcugen_check_arguments()
  mcugen_find(mcugen)

  get_filename_component(model ${ARG_MODEL} ABSOLUTE)
  set(name ${ARG_NAME})
  set(folder ${CMAKE_BINARY_DIR}/mcugen/${name})
  set(depends ${model})
  set(options --name ${name} --output ${folder})
  if(ARG_BOARD)
    list(APPEND options --board ${ARG_BOARD})
  else()
    mcugen_describe_board(board)
    list(APPEND depends ${board})
    list(APPEND options --board ${board})
  endif()
  if(ARG_CALIBRATION AND NOT ARG_CALIBRATION STREQUAL "random")
    get_filename_component(ARG_CALIBRATION ${ARG_CALIBRATION} ABSOLUTE)
    list(APPEND depends ${ARG_CALIBRATION})
  endif()
  mcugen_kernel_policy(kernels "${ARG_KERNELS}")
  list(APPEND options ${kernels})
  if(NOT ARG_OPTIMIZE)
    mcugen_choice(ARG_OPTIMIZE OPTIMIZE speed size ram)
  endif()
  if(ARG_ARENA_REGION AND NOT ARG_MAX_RAM)
    mcugen_zephyr_region_size(ARG_MAX_RAM "${ARG_ARENA_REGION}" "the arena of ${name}")
  endif()
  foreach(option CALIBRATION OPTIMIZE MAX_RAM MAX_FLASH)
    if(ARG_${option})
      string(TOLOWER --${option} spelled)
      string(REPLACE "_" "-" spelled ${spelled})
      list(APPEND options ${spelled} ${ARG_${option}})
    endif()
  endforeach()

  # Ninja makes the folders of its outputs beforehand; mcugen wants its own folder or none.
  set(sources ${folder}/src/${name}.c ${folder}/src/${name}_weights.c ${folder}/src/${name}_model.c)
  add_custom_command(
    OUTPUT ${sources} ${folder}/mcugen.json ${folder}/include/${name}.h
    COMMAND ${CMAKE_COMMAND} -E rm -rf ${folder}
    COMMAND ${CMAKE_COMMAND} -E env --unset=PYTHONPATH COLUMNS=120 ${mcugen} emit ${model} ${options}
    DEPENDS ${depends}
    COMMENT "mcugen: emitting model ${name} from ${ARG_MODEL}"
    VERBATIM)
  add_custom_target(mcugen_${name}_emitted DEPENDS ${sources})

  set(library mcugen_${name})
  add_library(${library} STATIC)
  target_link_libraries(${library} PRIVATE zephyr_interface)
  add_dependencies(${library} zephyr_generated_headers mcugen_${name}_emitted)
  set(optimization -O2)
  if(ARG_OPTIMIZE STREQUAL "size")
    set(optimization -Os)
  endif()
  set(passed "")
  foreach(option ${places})
    if(ARG_${option})
      list(APPEND passed ${option} ${ARG_${option}})
    endif()
  endforeach()
  foreach(flag VECTORS STATISTICS)
    if(ARG_${flag} OR CONFIG_MCUGEN_${flag})
      list(APPEND passed ${flag})
    endif()
  endforeach()
  if(ARG_WEIGHTS_NOCOPY)
    list(APPEND passed WEIGHTS_NOCOPY)
  endif()
  if(NOT ARG_UNLISTED)
    list(APPEND passed LISTED)
  endif()
  mcugen_zephyr_model(${library} ${name} ${folder} ${optimization} ${passed})
  if(ARG_ARENA STREQUAL "shared")
    add_dependencies(mcugen_shared_arena mcugen_${name}_emitted)
  endif()
  target_link_libraries(${target} PRIVATE ${library})
  add_dependencies(${target} mcugen_${name}_emitted)
endfunction()

# Refuses a call of mcugen_add_model() that cannot be meant so.
macro(mcugen_check_arguments)
  if(ARG_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "mcugen_add_model(${target} ...): unknown arguments: ${ARG_UNPARSED_ARGUMENTS}")
  endif()
  if(ARG_KEYWORDS_MISSING_VALUES)
    message(FATAL_ERROR "mcugen_add_model(${target} ...): no value given for: ${ARG_KEYWORDS_MISSING_VALUES}")
  endif()
  foreach(required NAME MODEL)
    if(NOT ARG_${required})
      message(FATAL_ERROR "mcugen_add_model(${target} ...): ${required} is missing")
    endif()
  endforeach()
  if(NOT ARG_NAME MATCHES "^[a-z][a-z0-9_]*$")
    message(FATAL_ERROR "mcugen_add_model(${target} ...): NAME ${ARG_NAME} is no lower-case C identifier")
  endif()
  if(NOT TARGET ${target})
    message(FATAL_ERROR "mcugen_add_model(${target} ...): there is no target ${target}; call it after find_package(Zephyr)")
  endif()
  if(TARGET mcugen_${ARG_NAME})
    message(FATAL_ERROR "mcugen_add_model(${target} ...): there is a model ${ARG_NAME} already")
  endif()
  mcugen_check_one_of(ARENA own shared caller)
  mcugen_check_one_of(KERNELS auto native cmsis-nn portable)
  mcugen_check_one_of(OPTIMIZE speed size ram)
  foreach(pair "ARENA_REGION;ARENA_SECTION" "WEIGHTS_REGION;WEIGHTS_SECTION")
    list(GET pair 0 first)
    list(GET pair 1 second)
    if(ARG_${first} AND ARG_${second})
      message(FATAL_ERROR "mcugen_add_model(${target} ...): ${first} and ${second} exclude each other")
    endif()
  endforeach()
  if((ARG_ARENA STREQUAL "shared" OR ARG_ARENA STREQUAL "caller") AND (ARG_ARENA_REGION OR ARG_ARENA_SECTION))
    message(FATAL_ERROR "mcugen_add_model(${target} ...): ARENA ${ARG_ARENA} has no place of its own; "
      "CONFIG_MCUGEN_SHARED_ARENA_REGION places the shared arena")
  endif()
endmacro()

macro(mcugen_check_one_of argument)
  set(allowed ${ARGN})
  if(ARG_${argument} AND NOT ARG_${argument} IN_LIST allowed)
    message(FATAL_ERROR "mcugen_add_model(${target} ...): ${argument} is one of ${allowed}, not ${ARG_${argument}}")
  endif()
endmacro()

# The value of a Kconfig choice: the first of the values whose CONFIG_MCUGEN_<choice>_<VALUE> is y.
function(mcugen_choice result choice)
  foreach(value ${ARGN})
    string(TOUPPER ${value} symbol)
    string(REPLACE "-" "_" symbol ${symbol})
    if(CONFIG_MCUGEN_${choice}_${symbol})
      set(${result} ${value} PARENT_SCOPE)
      return()
    endif()
  endforeach()
  set(${result} "" PARENT_SCOPE)
endfunction()

# mcugen's options for a kernel policy; CMSIS-NN is the workspace's, and only when it is compiled into the image.
function(mcugen_kernel_policy result policy)
  if(NOT policy)
    mcugen_choice(policy KERNELS auto native cmsis-nn portable)
  endif()
  if(NOT policy)
    set(policy auto)
  endif()
  set(options --kernels ${policy})
  if(policy STREQUAL "cmsis-nn" AND NOT CONFIG_CMSIS_NN)
    message(FATAL_ERROR "mcugen: kernels of CMSIS-NN are asked for, but CONFIG_CMSIS_NN is not set. "
      "CONFIG_MCUGEN_CMSIS_NN=y selects what models need of it; `west update cmsis-nn` gets it")
  endif()
  if(CONFIG_MCUGEN_CMSIS_NN AND policy MATCHES "^(cmsis-nn|auto)$")
    list(APPEND options --cmsis-nn ${ZEPHYR_CMSIS_NN_MODULE_DIR})
  endif()
  set(${result} ${options} PARENT_SCOPE)
endfunction()

# The command that runs mcugen: MCUGEN_EXECUTABLE, MCUGEN_PYTHON -m mcugen, mcugen on the PATH, or Zephyr's own Python.
#
# The two variables are CMake's or the environment's.
function(mcugen_find result)
  foreach(variable MCUGEN_EXECUTABLE MCUGEN_PYTHON)
    if(NOT ${variable} AND DEFINED ENV{${variable}})
      set(${variable} $ENV{${variable}})
    endif()
  endforeach()
  if(MCUGEN_EXECUTABLE)
    set(command ${MCUGEN_EXECUTABLE})
  elseif(MCUGEN_PYTHON)
    set(command ${MCUGEN_PYTHON} -m mcugen)
  else()
    find_program(MCUGEN_FOUND mcugen)
    mark_as_advanced(MCUGEN_FOUND)
    if(MCUGEN_FOUND)
      set(command ${MCUGEN_FOUND})
    else()
      set(command ${PYTHON_EXECUTABLE} -m mcugen)
    endif()
  endif()
  get_property(checked GLOBAL PROPERTY MCUGEN_CHECKED)
  if(NOT checked STREQUAL "${command}")
    execute_process(COMMAND ${CMAKE_COMMAND} -E env --unset=PYTHONPATH ${command} --version
      RESULT_VARIABLE failed OUTPUT_VARIABLE version ERROR_VARIABLE words OUTPUT_STRIP_TRAILING_WHITESPACE)
    if(failed)
      string(JOIN " " shown ${command})
      message(FATAL_ERROR "mcugen: `${shown}` does not run: ${words}\n"
        "Install it (pip install mcugen) into a Python environment of its own or into Zephyr's, and put it on the PATH, "
        "or say where it is: -DMCUGEN_EXECUTABLE=<path of mcugen>, or -DMCUGEN_PYTHON=<path of a Python that has it>")
    endif()
    message(STATUS "mcugen: ${version}")
    set_property(GLOBAL PROPERTY MCUGEN_CHECKED "${command}")
  endif()
  set(${result} ${command} PARENT_SCOPE)
endfunction()
