# The Zephyr side of emitted modules: a library for each model, where its arena and its constants lie, and the arena that
# several models share. Every emitted module carries a copy, so that it builds without mcugen; the functions are the same.
#
# Part of mcugen. Needs Zephyr's CMake package: 3.7 LTS or newer.

include_guard(GLOBAL)

# mcugen_zephyr_module(<name> <folder> <arena bytes> <optimization flag> [CMSIS_NN] [NPU <accelerator>])
#
# An emitted folder as a Zephyr module, configured by the module's own Kconfig. CMSIS_NN: it calls that library. NPU: parts of
# it are for one, such as ethos-u55-128.
function(mcugen_zephyr_module name folder arena_bytes optimization)
  cmake_parse_arguments(PARSE_ARGV 4 ARG "CMSIS_NN" "NPU" "")
  string(TOUPPER ${name} NAME)
  set(model CONFIG_MCUGEN_MODEL_${NAME})
  if(NOT ${model})
    return()
  endif()

  if(ARG_CMSIS_NN AND NOT CONFIG_CPU_CORTEX_M)
    message(FATAL_ERROR "mcugen: model ${name} calls CMSIS-NN, which is for Cortex-M; emitted with --kernels portable it builds for "
      "any CPU, ${model}=n leaves it out")
  elseif(ARG_CMSIS_NN AND NOT ZEPHYR_CMSIS_NN_MODULE_DIR)
    message(FATAL_ERROR "mcugen: model ${name} calls CMSIS-NN, but the workspace has no module cmsis-nn; "
      "`west update cmsis-nn` gets it, ${model}=n leaves the model out")
  endif()
  if(ARG_NPU)
    mcugen_zephyr_npu_missing(missing "${ARG_NPU}")
    if(missing)
      message(FATAL_ERROR "mcugen: model ${name} runs parts on an NPU, but ${missing}; emitted with --npu off it needs none, "
        "${model}=n leaves it out")
    endif()
  endif()
  mcugen_zephyr_contradictions(${model})
  set(options "")
  foreach(flag LISTED STATISTICS VECTORS SELF_TEST)
    if(${model}_${flag})
      list(APPEND options ${flag})
    endif()
  endforeach()
  if(${model}_ARENA_SHARED)
    list(APPEND options ARENA shared)
  elseif(${model}_ARENA_CALLER)
    list(APPEND options ARENA caller)
  else()
    foreach(place REGION SECTION)
      if(${model}_ARENA_${place})
        list(APPEND options ARENA_${place} ${${model}_ARENA_${place}})
      endif()
    endforeach()
  endif()
  if(${model}_WEIGHTS_RAM)
    list(APPEND options WEIGHTS_REGION RAM)
  elseif(${model}_WEIGHTS_IN_REGION)
    list(APPEND options WEIGHTS_REGION ${${model}_WEIGHTS_REGION})
    if(NOT ${model}_WEIGHTS_COPY)
      list(APPEND options WEIGHTS_NOCOPY)
    endif()
  elseif(${model}_WEIGHTS_IN_SECTION)
    list(APPEND options WEIGHTS_SECTION ${${model}_WEIGHTS_SECTION})
  endif()

  zephyr_library_named(mcugen_${name})
  mcugen_zephyr_headers(headers ${folder})
  zephyr_compile_options(${headers})
  if(${model}_SELF_TEST)
    zephyr_compile_options("SHELL:-iquote \"${folder}/self_test\"")
  endif()
  # <mcugen/...>, which are the same for all of them, without the models' headers beside them.
  file(GLOB shared ${folder}/include/mcugen/*.h)
  file(COPY ${shared} DESTINATION ${CMAKE_BINARY_DIR}/mcugen/include.d/mcugen)
  zephyr_include_directories(${CMAKE_BINARY_DIR}/mcugen/include.d)
  mcugen_zephyr_model(mcugen_${name} ${name} ${folder} ${optimization} ARENA_BYTES ${arena_bytes} ${options})
  if(ARG_NPU)
    mcugen_zephyr_npu(mcugen_${name} ${folder})
  endif()
  message(STATUS "mcugen: model ${name}, ${arena_bytes} bytes of arena")
endfunction()

# Compiler options that find an emitted folder's headers for `#include "name.h"`, and not for <...>: a model hides no header of
# Zephyr, of a module or of the C library.
function(mcugen_zephyr_headers result folder)
  set(${result} "SHELL:-iquote \"${folder}/include\"" PARENT_SCOPE)
endfunction()

# Refuses Kconfig options of an emitted module of which one would be ignored. <model>: CONFIG_MCUGEN_MODEL_<NAME>.
function(mcugen_zephyr_contradictions model)
  foreach(place ARENA_REGION ARENA_SECTION)
    if(${model}_${place} AND NOT ${model}_ARENA_OWN)
      message(FATAL_ERROR "mcugen: ${model}_${place}=\"${${model}_${place}}\" places an arena of its own, "
        "but ${model}_ARENA_OWN is not set")
    endif()
  endforeach()
  if(${model}_ARENA_REGION AND ${model}_ARENA_SECTION)
    message(FATAL_ERROR "mcugen: ${model}_ARENA_REGION and ${model}_ARENA_SECTION exclude each other")
  endif()
  foreach(place REGION SECTION)
    if(${model}_WEIGHTS_${place} AND NOT ${model}_WEIGHTS_IN_${place})
      message(FATAL_ERROR "mcugen: ${model}_WEIGHTS_${place}=\"${${model}_WEIGHTS_${place}}\" needs ${model}_WEIGHTS_IN_${place}=y")
    endif()
    if(${model}_WEIGHTS_IN_${place} AND NOT ${model}_WEIGHTS_${place})
      message(FATAL_ERROR "mcugen: ${model}_WEIGHTS_IN_${place}=y needs a name in ${model}_WEIGHTS_${place}")
    endif()
  endforeach()
endfunction()

# mcugen_zephyr_model(<target> <name> <folder> <optimization flag> [LISTED] [STATISTICS] [VECTORS] [SELF_TEST]
#                     [ARENA own|shared|caller] [ARENA_BYTES n] [ARENA_REGION r | ARENA_SECTION s]
#                     [WEIGHTS_REGION r [WEIGHTS_NOCOPY] | WEIGHTS_SECTION s])
#
# Compiles an emitted folder, which need not exist yet, into a library that exists. The target comes from
# zephyr_library_named() while Zephyr's modules are read, and from add_library() in an application.
function(mcugen_zephyr_model target name folder optimization)
  cmake_parse_arguments(PARSE_ARGV 4 ARG "LISTED;STATISTICS;VECTORS;SELF_TEST;WEIGHTS_NOCOPY"
    "ARENA;ARENA_BYTES;ARENA_REGION;ARENA_SECTION;WEIGHTS_REGION;WEIGHTS_SECTION" "")
  string(TOUPPER ${name} NAME)
  set(sources ${folder}/src/${name}.c)
  foreach(part weights model ports)
    list(APPEND sources ${folder}/src/${name}_${part}.c)
  endforeach()
  if(ARG_SELF_TEST)
    mcugen_zephyr_self_test(${target} ${name} ${folder} "${ARG_ARENA}")
    list(APPEND sources ${folder}/self_test/${name}_self_test.c)
  endif()
  target_sources(${target} PRIVATE ${sources})
  mcugen_zephyr_headers(headers ${folder})
  target_compile_options(${target} PUBLIC ${headers})
  target_include_directories(${target} PRIVATE ${folder}/kernels ${folder}/vectors)
  # Of the source, which come after Zephyr's own: those have -Os, and -ffreestanding, which makes a call of every memcpy().
  set_property(SOURCE ${sources} APPEND PROPERTY COMPILE_OPTIONS ${optimization} -fbuiltin -std=c11)
  # Models stay what mcugen measured: link-time optimization would compile them anew, and hide which code is whose.
  if(CONFIG_LTO)
    set_property(SOURCE ${sources} APPEND PROPERTY COMPILE_OPTIONS -fno-lto)
  endif()

  foreach(flag LISTED STATISTICS VECTORS)
    if(ARG_${flag})
      target_compile_definitions(${target} PRIVATE ${NAME}_${flag})
    endif()
  endforeach()
  mcugen_zephyr_list_models()
  set_property(TARGET mcugen-models APPEND PROPERTY MCUGEN_FOLDERS ${folder})
  if(ARG_LISTED)
    # The descriptor is in the image although only the linker's section refers to it.
    target_link_options(zephyr_interface INTERFACE -Wl,--undefined=${name}_model)
  endif()

  if(CONFIG_MCUGEN_USERSPACE)
    if(ARG_ARENA_REGION)
      message(FATAL_ERROR "mcugen: with CONFIG_MCUGEN_USERSPACE the arena of ${name} lies in mcugen_partition, not in the memory "
        "region ${ARG_ARENA_REGION}; an arena of the caller may lie anywhere")
    endif()
    mcugen_zephyr_partition(section ${target})
    target_compile_definitions(${target} PRIVATE "${NAME}_STATISTICS_SECTION=\"${section}\""
      "${NAME}_STATE_SECTION=\"${section}\"")
    if(NOT ARG_ARENA_SECTION)
      set(ARG_ARENA_SECTION ${section})
    endif()
  endif()
  if(ARG_ARENA STREQUAL "shared")
    target_compile_definitions(${target} PRIVATE ${NAME}_SHARED_ARENA)
    mcugen_zephyr_share_arena(${target} ${name})
  elseif(ARG_ARENA STREQUAL "caller")
    target_compile_definitions(${target} PRIVATE ${NAME}_NO_OWN_ARENA)
  elseif(ARG_ARENA_REGION)
    mcugen_zephyr_region(section "${ARG_ARENA_REGION}" "${ARG_ARENA_BYTES}" "the arena of ${name}")
    target_compile_definitions(${target} PRIVATE "${NAME}_ARENA_SECTION=\"${section}\"")
  elseif(ARG_ARENA_SECTION)
    target_compile_definitions(${target} PRIVATE "${NAME}_ARENA_SECTION=\"${ARG_ARENA_SECTION}\"")
  endif()

  if(ARG_WEIGHTS_SECTION)
    target_compile_definitions(${target} PRIVATE "${NAME}_WEIGHTS_SECTION=\"${ARG_WEIGHTS_SECTION}\"")
  elseif(ARG_WEIGHTS_REGION)
    mcugen_zephyr_relocate(${name} ${folder}/src/${name}_weights.c "${ARG_WEIGHTS_REGION}" "${ARG_WEIGHTS_NOCOPY}")
  endif()
endfunction()

# Calls the hook of the self-test of <folder>, which was emitted with --self-test, after every layer.
function(mcugen_zephyr_self_test target name folder arena)
  if(arena STREQUAL "caller")
    message(FATAL_ERROR "mcugen: the self-test of ${name} runs it in an arena of its own or in the shared one, and it has none")
  endif()
  get_property(other GLOBAL PROPERTY MCUGEN_SELF_TEST)
  if(other)
    message(FATAL_ERROR "mcugen: ${other} and ${name} are both to have a self-test, whose hooks have one name: leave one out")
  endif()
  set_property(GLOBAL PROPERTY MCUGEN_SELF_TEST ${name})
  target_compile_definitions(${target} PRIVATE MCUGEN_LAYER_HOOK)
  target_compile_options(${target} PUBLIC "SHELL:-iquote \"${folder}/self_test\"")
endfunction()

# Moves a model's constants to a linker memory region, with Zephyr's code and data relocation.
function(mcugen_zephyr_relocate name source region nocopy)
  if(NOT CONFIG_CODE_DATA_RELOCATION)
    message(FATAL_ERROR "mcugen: the constants of ${name} are to lie in ${region}: that needs CONFIG_CODE_DATA_RELOCATION=y")
  endif()
  if(nocopy)
    set(nocopy NOCOPY)
  endif()
  zephyr_code_relocate(FILES ${source} LOCATION ${region} ${nocopy} NOKEEP)
endfunction()

# The linker section of a devicetree memory region, once it is known that the region exists and has the room.
#
# <bytes> may be empty; <what> says in messages what is to lie there.
function(mcugen_zephyr_region result region bytes what)
  mcugen_zephyr_region_size(size "${region}" "${what}")
  if(bytes AND bytes GREATER size)
    math(EXPR excess "${bytes} - ${size}")
    message(FATAL_ERROR "mcugen: ${what} takes ${bytes} bytes, the memory region ${region} has ${size}: ${excess} too many")
  endif()
  # As DT_STRING_TOKEN, which names the section in Zephyr's linker script.
  string(REGEX REPLACE "[^A-Za-z0-9_]" "_" section "${region}")
  set(${result} ${section} PARENT_SCOPE)
endfunction()

# Bytes of a devicetree memory region; refuses one that the devicetree does not have.
function(mcugen_zephyr_region_size result region what)
  mcugen_zephyr_find_region(start size known "${region}")
  if(NOT size)
    message(FATAL_ERROR "mcugen: the devicetree has no memory region ${region} for ${what}; it has: ${known}")
  endif()
  set(${result} ${size} PARENT_SCOPE)
endfunction()

# Start and size of a devicetree memory region, empty when there is none of that name; and the names of all there are.
function(mcugen_zephyr_find_region start size known region)
  dt_comp_path(paths COMPATIBLE "zephyr,memory-region")
  set(names "")
  set(${start} "" PARENT_SCOPE)
  set(${size} "" PARENT_SCOPE)
  foreach(path ${paths})
    dt_prop(name PATH ${path} PROPERTY "zephyr,memory-region")
    dt_node_has_status(usable PATH ${path} STATUS okay)
    if(usable)
      list(APPEND names ${name})
      if(name STREQUAL region)
        dt_reg_addr(first PATH ${path})
        dt_reg_size(bytes PATH ${path})
        math(EXPR first "${first}" OUTPUT_FORMAT HEXADECIMAL)
        math(EXPR bytes "${bytes}")
        set(${start} ${first} PARENT_SCOPE)
        set(${size} ${bytes} PARENT_SCOPE)
      endif()
    endif()
  endforeach()
  list(JOIN names ", " names)
  set(${known} "${names}" PARENT_SCOPE)
endfunction()

# Once in an image: the section of all descriptors, and a target that knows all models.
function(mcugen_zephyr_list_models)
  if(TARGET mcugen-models)
    return()
  endif()
  add_custom_target(mcugen-models)
  zephyr_linker_sources(SECTIONS ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/mcugen_models.ld)
  if(CONFIG_CMAKE_LINKER_GENERATOR)
    zephyr_iterable_section(NAME mcugen_model KVMA RAM_REGION GROUP RODATA_REGION)
  endif()
  file(GENERATE OUTPUT ${CMAKE_BINARY_DIR}/mcugen/models.txt
    CONTENT "$<JOIN:$<TARGET_PROPERTY:mcugen-models,MCUGEN_FOLDERS>,\n>\n")
endfunction()

# Adds a model to those that share one arena; the compiler makes it as large as the largest.
function(mcugen_zephyr_share_arena library name)
  set(target mcugen-shared-arena)
  if(NOT TARGET ${target})
    set(source ${CMAKE_BINARY_DIR}/mcugen/shared_arena.c)
    add_library(${target} STATIC ${source})
    target_link_libraries(${target} PRIVATE zephyr_interface)
    add_dependencies(${target} zephyr_generated_headers)
    if(CONFIG_MCUGEN_USERSPACE AND CONFIG_MCUGEN_SHARED_ARENA_REGION)
      message(FATAL_ERROR "mcugen: with CONFIG_MCUGEN_USERSPACE the shared arena lies in mcugen_partition: "
        "CONFIG_MCUGEN_SHARED_ARENA_REGION has to be empty")
    elseif(CONFIG_MCUGEN_USERSPACE)
      mcugen_zephyr_partition(section ${target})
      target_compile_definitions(${target} PRIVATE "MCUGEN_SHARED_ARENA_SECTION=\"${section}\"")
    elseif(CONFIG_MCUGEN_SHARED_ARENA_REGION)
      mcugen_zephyr_region(section "${CONFIG_MCUGEN_SHARED_ARENA_REGION}" "" "the shared arena")
      target_compile_definitions(${target} PRIVATE "MCUGEN_SHARED_ARENA_SECTION=\"${section}\"")
    endif()
    set(models "$<TARGET_PROPERTY:${target},MCUGEN_MODELS>")
    set(members "$<TARGET_PROPERTY:${target},MCUGEN_MEMBERS>")
    file(GENERATE OUTPUT ${source} CONTENT
"/* Generated by mcugen: one arena for all models that share it. */
#include \"mcugen/mcugen.h\"
#include \"$<JOIN:${models},.h\"\n#include \">.h\"

union arenas {
    $<JOIN:${members},$<SEMICOLON>\n    >$<SEMICOLON>
}$<SEMICOLON>

#ifdef MCUGEN_SHARED_ARENA_SECTION
#define SECTION __attribute__((section(MCUGEN_SHARED_ARENA_SECTION)))
#else
#define SECTION
#endif

int8_t mcugen_shared_arena[sizeof(union arenas)] __attribute__((aligned(_Alignof(union arenas)))) SECTION$<SEMICOLON>
")
  endif()
  set_property(TARGET ${target} APPEND PROPERTY MCUGEN_MODELS ${name})
  set_property(TARGET ${target} APPEND PROPERTY MCUGEN_MEMBERS "struct ${name}_arena ${name}_arena")
  target_compile_options(${target} PRIVATE $<TARGET_PROPERTY:${library},INTERFACE_COMPILE_OPTIONS>)
  target_link_libraries(${library} PUBLIC ${target})
endfunction()

# What the image lacks for parts of a model on an NPU, and what to do; empty when there is a driver.
#
# <accelerator>: that the model is for, or empty. The options of Zephyr's driver had another name up to Zephyr 4.1.
function(mcugen_zephyr_npu_missing result accelerator)
  set(${result} "" PARENT_SCOPE)
  if(CONFIG_MCUGEN_NPU_OTHER_DRIVER)
    return()
  endif()
  if(NOT CONFIG_ETHOS_U AND NOT CONFIG_ARM_ETHOS_U)
    set(remedy "CONFIG_ETHOS_U=y enables it (up to Zephyr 4.1: CONFIG_ARM_ETHOS_U=y)")
    if(NOT ZEPHYR_HAL_ETHOS_U_MODULE_DIR)
      set(remedy "the workspace has no module hal_ethos_u, `west update hal_ethos_u` gets it")
    endif()
    string(CONCAT words "the driver of the Ethos-U is not in the image: ${remedy}; CONFIG_MCUGEN_NPU_OTHER_DRIVER=y is for a "
      "mcugen_npu_invoke() of your own")
    set(${result} "${words}" PARENT_SCOPE)
    return()
  endif()
  mcugen_zephyr_npu_name(driver)
  if(accelerator AND driver AND NOT accelerator STREQUAL driver)
    string(CONCAT words "it is for an ${accelerator}, and the image's driver for an ${driver}: choose another in Kconfig, or "
      "emit the model with --accelerator ${driver}")
    set(${result} "${words}" PARENT_SCOPE)
  endif()
endfunction()

# The accelerator that Zephyr's driver is built for, such as ethos-u55-128; empty where its Kconfig does not say.
function(mcugen_zephyr_npu_name result)
  set(${result} "${CONFIG_ARM_ETHOS_U_NPU_NAME}" PARENT_SCOPE)
  if(CONFIG_ETHOS_U_NPU_NAME)
    set(${result} "${CONFIG_ETHOS_U_NPU_NAME}" PARENT_SCOPE)
  endif()
endfunction()

# Links a model with mcugen_npu_invoke() for Zephyr's driver, one for all models of the image. <folder> has npu/ and include/.
function(mcugen_zephyr_npu library folder)
  if(CONFIG_MCUGEN_NPU_OTHER_DRIVER)
    return()
  endif()
  set(target mcugen-npu)
  if(NOT TARGET ${target})
    add_library(${target} STATIC ${folder}/npu/ethos_u_driver.c)
    mcugen_zephyr_headers(headers ${folder})
    target_compile_options(${target} PRIVATE ${headers})
    target_link_libraries(${target} PRIVATE zephyr_interface)
    add_dependencies(${target} zephyr_generated_headers)
  endif()
  target_link_libraries(${library} PUBLIC ${target})
endfunction()

# The memory partition of all models, for threads in user mode; gives the section of its variables, and links <library> with
# it. The name of the section is that of K_APP_BMEM(mcugen_partition).
function(mcugen_zephyr_partition section library)
  set(target mcugen-partition)
  if(NOT TARGET ${target})
    set(source ${CMAKE_BINARY_DIR}/mcugen/partition.c)
    add_library(${target} STATIC ${source})
    target_link_libraries(${target} PRIVATE zephyr_interface)
    add_dependencies(${target} zephyr_generated_headers)
    file(GENERATE OUTPUT ${source} CONTENT
"/* Generated by mcugen: what models write to, for the memory domain of threads that run them in user mode. */
#include <zephyr/app_memory/app_memdomain.h>
#include <zephyr/kernel.h>

K_APPMEM_PARTITION_DEFINE(mcugen_partition);
")
  endif()
  target_link_libraries(${library} PUBLIC ${target})
  set(${section} data_smem_mcugen_partition_bss PARENT_SCOPE)
endfunction()
