# A board file for mcugen, from what Kconfig and devicetree say of the image that is being built: so the kernels fit the
# compiler's options, and the memories are those of the image (a slot of a bootloader, the RAM of one core), or those that
# the model's arena and constants are given.
#
# Part of mcugen.

include_guard(GLOBAL)

# Kconfig's name of a core, and mcugen's. Cores without a row have a relative that runs the same code.
set(MCUGEN_CORES
  M0:cortex-m0 M0PLUS:cortex-m0plus M1:cortex-m0 M3:cortex-m3 M4:cortex-m4 M7:cortex-m7 M23:cortex-m0plus
  M33:cortex-m33 M35P:cortex-m33 M52:cortex-m52 M55:cortex-m55 M85:cortex-m85
  CACHE INTERNAL "")

# The board as `west build -b` takes it. BOARD_QUALIFIERS starts with a slash up to Zephyr 4.3, and without from 4.4 on.
function(mcugen_board_target result)
  string(REGEX REPLACE "^/" "" qualifiers "${BOARD_QUALIFIERS}")
  set(target ${BOARD})
  if(qualifiers)
    string(APPEND target "/${qualifiers}")
  endif()
  set(${result} ${target} PARENT_SCOPE)
endfunction()

# Writes the board file, and gives its path. One for each pair of places; it is written only when it differs.
#
# <arena>, <constants>: empty for the image's RAM and flash, REGION <name>, or SECTION <name>; <copies>: likewise, where constants
# that are copied at boot are read. <npu>, <accelerator>: for models that may use an NPU, mcugen's file of the board, and which.
function(mcugen_describe_board result arena constants copies npu accelerator)
  mcugen_board_target(target)
  string(JOIN _ name ${target} ${constants} ${arena})
  if(npu)
    string(JOIN _ name ${name} ${copies} ${accelerator} npu)
  endif()
  string(REGEX REPLACE "[^A-Za-z0-9]+" "_" name "${name}")
  set(file ${CMAKE_BINARY_DIR}/mcugen/board.d/${name}.yml)
  set(${result} ${file} PARENT_SCOPE)
  get_property(written GLOBAL PROPERTY MCUGEN_BOARD_FILES)
  if(file IN_LIST written)
    return()
  endif()
  mcugen_describe_cpu(cpu)
  mcugen_describe_memories(memories code data)
  mcugen_describe_place(memories data ram 0xc0000000 "${memories}" ${data} ${arena})
  mcugen_describe_place(memories code external_flash 0xb0000000 "${memories}" ${code} ${constants})
  if(npu)
    # Of constants that are copied, the copy is what counts; it has no more room than they have in the image.
    string(REGEX MATCH "${code}: {[^}]*size: ([0-9]+)}" image "${memories}")
    set(room "${CMAKE_MATCH_1}")
    mcugen_describe_place(memories code ram 0xa0000000 "${memories}" ${code} ${copies})
    string(REGEX MATCH "${code}: {[^}]*size: ([0-9]+)}" copy "${memories}")
    if(room LESS CMAKE_MATCH_1)
      string(REGEX REPLACE "size: [0-9]+" "size: ${room}" smaller "${copy}")
      string(REPLACE "${copy}" "${smaller}" memories "${memories}")
    endif()
    mcugen_npu_section(npu ${npu} "${accelerator}" ${data} ${code})
  endif()
  # Regions may overlap the image's memories, a description must not: only those that are used stay.
  list(FILTER memories INCLUDE REGEX "^(${code}|${data}):")
  list(JOIN memories "\n  " memories)
  file(GENERATE OUTPUT ${file} CONTENT "# Made by mcugen's CMake functions from Kconfig and devicetree of ${target}.
description: ${target} as this image is configured
vendor: \"\"
cpu: {${cpu}}
memories:
  ${memories}
code_memory: ${code}
data_memory: ${data}
zephyr_board: ${target}
${npu}")
  set_property(GLOBAL APPEND PROPERTY MCUGEN_BOARD_FILES ${file})
endfunction()

# mcugen_describe_place(<memories> <memory> <kind> <free address> <old memories> <old memory> [REGION|SECTION <name>])
#
# Puts a place of the application's own in the stead of a memory of the image. A region of the devicetree has its size; how
# large any other is only the linker knows: it is taken for 256 MB.
function(mcugen_describe_place memories memory kind start old old_memory)
  set(${memories} "${old}" PARENT_SCOPE)
  set(${memory} ${old_memory} PARENT_SCOPE)
  if(NOT ARGN)
    return()
  endif()
  list(GET ARGN 0 sort)
  list(GET ARGN 1 place)
  set(size "")
  if(sort STREQUAL "REGION")
    mcugen_zephyr_find_region(found_start size known "${place}")
  endif()
  if(size)
    set(start ${found_start})
  else()
    set(size 0x10000000)
  endif()
  string(MAKE_C_IDENTIFIER "at_${place}" name)
  string(REGEX REPLACE "^at_([A-Za-z])" "\\1" name ${name})
  set(${memories} "${old};${name}: {kind: ${kind}, start: ${start}, size: ${size}}" PARENT_SCOPE)
  set(${memory} ${name} PARENT_SCOPE)
endfunction()

function(mcugen_describe_cpu result)
  set(core "")
  foreach(row ${MCUGEN_CORES})
    string(REPLACE ":" ";" row ${row})
    list(GET row 0 symbol)
    if(CONFIG_CPU_CORTEX_${symbol})
      list(GET row 1 core)
    endif()
  endforeach()
  if(NOT core AND (CONFIG_CPU_CORTEX_M OR CONFIG_BIG_ENDIAN))
    mcugen_board_target(target)
    message(FATAL_ERROR "mcugen has no kernels for the CPU of ${target}")
  elseif(NOT core)
    # Plain C runs anywhere; a Cortex-M0 has no other kernels either.
    set(core cortex-m0)
    message(STATUS "mcugen: portable kernels for ${ARCH}; the flash that it reports when a model is emitted is that of a Cortex-M0")
  endif()

  # What the compiler may use, not what the silicon has: without CONFIG_FPU there is no Helium either.
  set(dsp false)
  if(core MATCHES "m4$|m7$" OR (CONFIG_ARMV8_M_DSP AND core MATCHES "m33$|m52$|m55$|m85$"))
    set(dsp true)
  endif()
  set(fpu none)
  if(CONFIG_FPU AND core MATCHES "m52$|m55$|m85$" OR CONFIG_FPU AND CONFIG_CPU_HAS_FPU_DOUBLE_PRECISION)
    set(fpu double)
  elseif(CONFIG_FPU)
    set(fpu single)
  endif()
  set(mve none)
  if(CONFIG_FPU AND CONFIG_ARMV8_1_M_MVEF)
    set(mve float)
  elseif(CONFIG_FPU AND CONFIG_ARMV8_1_M_MVEI)
    set(mve integer)
  elseif(CONFIG_ARMV8_1_M_MVEI)
    message(STATUS "mcugen: this core has Helium, which needs the hard-float ABI: without CONFIG_FPU=y it is not used")
  endif()
  mcugen_clock_frequency(clock)
  set(${result} "core: ${core}, dsp: ${dsp}, fpu: ${fpu}, mve: ${mve}, clock: ${clock}" PARENT_SCOPE)
endfunction()

# Hertz of the core, for reports only: of mcugen's own board file, else of the CPU's devicetree node, else Zephyr's clock
# of hardware cycles, which need not be the core's.
function(mcugen_clock_frequency result)
  set(clock "")
  mcugen_board_target(target)
  file(GLOB known ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/../../boards/*.yml)
  foreach(file ${known})
    file(STRINGS ${file} board REGEX "^zephyr_board: *(${BOARD}|${target}) *$")
    if(board)
      file(STRINGS ${file} cpu REGEX "^cpu:.*clock: *[0-9]+[KMG]?")
      string(REGEX REPLACE ".*clock: *([0-9]+[KMG]?).*" "\\1" clock "${cpu}")
    endif()
  endforeach()
  dt_node_exists(exists PATH "/cpus/cpu@0")
  if(NOT clock AND exists)
    dt_prop(clock PATH "/cpus/cpu@0" PROPERTY "clock-frequency")
  endif()
  if(NOT clock)
    set(clock ${CONFIG_SYS_CLOCK_HW_CYCLES_PER_SEC})
  endif()
  set(${result} ${clock} PARENT_SCOPE)
endfunction()

# Flash is the slot that the image is linked for; without flash the image lies in RAM. A list of rows of the board file.
# A program of the workstation (native_sim) has no memories of its own: as much as any model may want.
function(mcugen_describe_memories result code data)
  if(CONFIG_ARCH_POSIX)
    set(${code} host_constants PARENT_SCOPE)
    set(${data} host_variables PARENT_SCOPE)
    set(${result} "host_constants: {kind: flash, start: 0x0, size: 0x40000000}"
      "host_variables: {kind: ram, start: 0x40000000, size: 0x40000000}" PARENT_SCOPE)
    return()
  endif()
  math(EXPR ram_size "${CONFIG_SRAM_SIZE} * 1024")
  set(ram "ram: {kind: ram, start: ${CONFIG_SRAM_BASE_ADDRESS}, size: ${ram_size}}")
  set(${data} ram PARENT_SCOPE)
  if(NOT CONFIG_XIP OR NOT CONFIG_FLASH_SIZE)
    set(${code} ram PARENT_SCOPE)
    set(${result} "${ram}" PARENT_SCOPE)
    return()
  endif()
  mcugen_flash_slot(start size)
  set(${code} flash PARENT_SCOPE)
  set(${result} "flash: {kind: flash, start: ${start}, size: ${size}};${ram}" PARENT_SCOPE)
endfunction()

# Where in flash the image is linked, and the bytes it may take there.
#
# Kconfig says it by an offset and a size; a mapped partition (Zephyr 4.4) says it itself, by addresses of the CPU, and leaves
# the two options at 0.
function(mcugen_flash_slot start size)
  mcugen_mapped_partition(first bytes)
  set(base ${CONFIG_FLASH_BASE_ADDRESS})
  if(NOT bytes)
    # Either may be missing, or 0x0, which is true for if().
    math(EXPR offset "${CONFIG_FLASH_LOAD_OFFSET} + 0")
    math(EXPR bytes "${CONFIG_FLASH_LOAD_SIZE} + 0")
    math(EXPR first "${base} + ${offset}")
    if(NOT bytes)
      math(EXPR bytes "${CONFIG_FLASH_SIZE} * 1024 - ${offset}")
    endif()
  endif()
  math(EXPR first "${first}" OUTPUT_FORMAT HEXADECIMAL)
  math(EXPR bytes "${bytes}")
  set(${start} ${first} PARENT_SCOPE)
  set(${size} ${bytes} PARENT_SCOPE)
endfunction()

# Address and bytes of the code partition when it is a mapped one and the image is linked for it; else empty.
function(mcugen_mapped_partition start size)
  set(${start} "" PARENT_SCOPE)
  set(${size} "" PARENT_SCOPE)
  if(NOT CONFIG_USE_DT_CODE_PARTITION)
    return()
  endif()
  dt_chosen(path PROPERTY "zephyr,code-partition")
  if(NOT path)
    return()
  endif()
  dt_prop(compatible PATH ${path} PROPERTY "compatible")
  if(NOT "zephyr,mapped-partition" IN_LIST compatible)
    return()
  endif()
  dt_reg_addr(first PATH ${path})
  dt_reg_size(bytes PATH ${path})
  set(${start} ${first} PARENT_SCOPE)
  set(${size} ${bytes} PARENT_SCOPE)
endfunction()
