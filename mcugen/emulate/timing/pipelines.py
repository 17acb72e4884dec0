"""Pipelines of the cores that issue two instructions at a time: what each instruction occupies and how long it takes.

Summarised from LLVM 19's scheduling models (`llvm-mca -mcpu=cortex-m7`, `cortex-m55`, `cortex-m85`), instruction by
instruction; `tests/emulate/test_pipelines.py` compares this with llvm-mca where that is installed. Where this
departs: an address that a load or store changes is there a cycle later (LLVM gives it the load's latency), and lists of
registers take a cycle for each two, as the 64-bit ports of the cores do. None of it is from Arm's manuals, which have
no timings of these cores.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Class:
    """A class of instructions.

    Attributes:
        units: occupied from the issue on: cycles by unit.
        latency: cycles from the issue to the result.
        late: cycles after the issue at which its operands are wanted; negative: before it.
        blocking: nothing issues for so many cycles behind it.
        alone: nothing else issues in its cycle.
    """

    units: Mapping[str, int] = field(default_factory=dict)
    latency: int = 1
    late: int = 0
    blocking: int = 0
    alone: bool = False


@dataclass(frozen=True)
class Pipeline:
    """A core.

    Attributes:
        architecture: as the disassembler names it.
        width: instructions that issue in a cycle.
        units: how many there are of each.
        classes: by prefix of the mnemonic, the longest that fits counts; "" is what no other fits. Row "shifted" is
            for arithmetic with a shifted operand, "gather" for loads and stores whose address is a vector.
        accumulate: cycles that a product's result is earlier for the sum of the next product.
        taken: cycles that a taken branch loses; loops of `le` and `letp` lose none.
    """

    architecture: str
    width: int
    units: Mapping[str, int]
    classes: Mapping[str, Class]
    accumulate: int
    taken: int


def _named(names: str, row: Class) -> dict[str, Class]:
    return dict.fromkeys(names.split(), row)


_MAC = "mul mla mls smul smla smls umul umla umaal smmul smmla smmls smuad smusd usad8 usada8"
_EXTEND = "sxtb sxth uxtb uxth sadd ssub uadd usub sel shadd uhadd shsub uhsub qadd qsub"
_EXTEND_ADD = "sxta uxta pkh ubfx sbfx rev"
_SHIFT = "asr lsl lsr ror rrx bfi bfc"

# Two arithmetic units, of which one shifts and one extends; loads in pairs; branches predicted.
CORTEX_M7 = Pipeline(
    architecture="armv7e-m",
    width=2,
    units={"alu": 2, "shift": 1, "simd": 1, "mac": 1, "load": 2, "store": 1, "branch": 1, "vfp": 1},
    classes={
        "": Class({"alu": 1}, latency=2, late=1),
        "bic": Class({"alu": 1}, latency=2, late=1),
        "shifted": Class({"alu": 1, "shift": 1}, latency=3, late=1),
        **_named(_SHIFT, Class({"alu": 1, "shift": 1}, latency=2, late=1)),
        **_named(_EXTEND, Class({"alu": 1, "simd": 1}, latency=2, late=1)),
        **_named("qadd qsub", Class({"alu": 1, "simd": 1}, latency=3, late=1)),
        **_named(_EXTEND_ADD, Class({"alu": 1, "simd": 1, "shift": 1}, latency=3, late=1)),
        **_named("ssat usat", Class({"alu": 1, "simd": 1, "shift": 1}, latency=4, late=1, alone=True)),
        **_named(_MAC, Class({"mac": 1}, latency=2)),
        **_named("sdiv udiv", Class({"alu": 2}, latency=7, blocking=5, alone=True)),
        **_named("ldr", Class({"load": 1}, latency=2)),
        **_named("ldrb ldrh ldrsb ldrsh", Class({"load": 1}, latency=3)),
        **_named("ldrd ldm pop", Class({"load": 2}, latency=2, alone=True)),
        **_named("str", Class({"store": 1}, late=2)),
        **_named("strd stm push", Class({"store": 1}, late=2, alone=True)),
        **_named("b bl bx blx cbz cbnz tbb tbh", Class({"branch": 1})),
        **_named("it nop", Class()),
        **_named("v", Class({"vfp": 1}, latency=3)),
        **_named("vldr vldm vpop", Class({"load": 1}, latency=2)),
        **_named("vstr vstm vpush", Class({"store": 1}, late=1)),
    },
    accumulate=1,
    taken=0,
)

# Helium: vectors of four beats, two a cycle, in units of their own beside the scalar ones, of which one
# begins in a cycle; what follows in another unit overlaps (its first beats want the first beats of what is before).
_VECTOR_MULTIPLIES = "vmul vmla vmls vqdmul vqrdmul vmull vqdmull vrmla vfma vfms vmov"

# One scalar unit for everything; moves and extensions of halfwords may go beside it. No prediction: a taken branch
# refills four stages, but for the loops of Armv8.1-M.
CORTEX_M55 = Pipeline(
    architecture="armv8.1-m.main",
    width=2,
    units={"alu": 1, "vector port": 1, "vector load store": 1, "vector alu": 1, "vector mac": 1},
    classes={
        "": Class({"alu": 1}),
        "bic": Class({"alu": 1}),
        "shifted": Class({"alu": 1}, latency=2),
        **_named("mov movw sxtb sxth uxtb uxth nop it", Class()),
        **_named("movs sxtb16 uxtb16", Class({"alu": 1})),
        **_named(_MAC, Class({"alu": 1}, latency=2)),
        **_named("pkh ssat usat sadd ssub uadd usub shadd uhadd qadd qsub ubfx sbfx", Class({"alu": 1}, latency=2)),
        **_named("sdiv udiv", Class({"alu": 1}, latency=8, blocking=8)),  # LLVM has 2, for no operands
        **_named("ldr ldrb ldrh ldrsb ldrsh ldrd ldm pop", Class({"alu": 1}, latency=2)),
        **_named("str stm push", Class({"alu": 1})),
        **_named("b bl bx blx cbz cbnz tbb tbh wls dls", Class({"alu": 1})),
        **_named("le letp", Class()),
        **_named("v", Class({"vector alu": 2, "vector port": 1})),
        **_named("vrshl vqrshl vrshr vqrshrn vshrn vqshrn", Class({"vector alu": 2, "vector port": 1}, latency=2)),
        **_named(_VECTOR_MULTIPLIES, Class({"vector mac": 2, "vector port": 1}, latency=2)),
        **_named(
            "vldr vld2 vld4 vstr vst2 vst4 vldm vstm vpush vpop", Class({"vector load store": 2, "vector port": 1})
        ),
        "gather": Class({"vector load store": 2, "vector port": 1}, latency=2, late=-4),
    },
    accumulate=0,
    taken=2,
)

# As the M7 with two stores and a shifter in each arithmetic unit; the Helium of the M55 beside it, of longer latencies.
CORTEX_M85 = Pipeline(
    architecture="armv8.1-m.main",
    width=2,
    units={
        "alu": 2, "shift": 1, "simd": 1, "mac": 1, "load": 2, "store": 2, "branch": 1, "slot0": 1, "vector port": 1,
        "vector load": 1, "vector store": 1, "vector alu": 1, "vector mac": 1,
    },
    classes={
        "": Class({"alu": 1}, latency=2, late=1),
        "bic": Class({"alu": 1}, latency=2, late=1),
        "shifted": Class({"alu": 1, "shift": 1}, latency=3, late=1),
        **_named(_SHIFT, Class({"alu": 1}, latency=2, late=1)),
        **_named("clz", Class({"alu": 1, "slot0": 1}, latency=2, late=1)),
        **_named(_EXTEND, Class({"alu": 1, "simd": 1, "slot0": 1}, latency=2, late=1)),
        **_named("qadd qsub", Class({"alu": 1, "simd": 1, "slot0": 1}, latency=3, late=1)),
        **_named("sxta uxta pkh rev", Class({"alu": 1, "simd": 1, "shift": 1, "slot0": 1}, latency=3, late=1)),
        **_named("ssat usat", Class({"alu": 1, "simd": 1, "shift": 1, "slot0": 1}, latency=4, late=1)),
        **_named(_MAC, Class({"mac": 1}, latency=2)),
        **_named("sdiv udiv", Class({"alu": 1}, latency=8, blocking=4, alone=True)),
        **_named("ldr", Class({"load": 1}, latency=2)),
        **_named("ldrb ldrh ldrsb ldrsh", Class({"load": 1}, latency=3)),
        **_named("ldrd", Class({"load": 2}, latency=2)),
        **_named("ldm pop", Class({"load": 2}, latency=2, alone=True)),
        **_named("str", Class({"store": 1}, late=2)),
        **_named("strd", Class({"store": 2}, late=2)),
        **_named("stm push", Class({"store": 2}, late=2, alone=True)),
        **_named("b bl bx blx cbz cbnz tbb tbh wls dls", Class({"branch": 1})),
        **_named("it nop le letp", Class()),
        **_named("v", Class({"vector alu": 2, "slot0": 1, "vector port": 1})),
        **_named(
            "vrshl vqrshl vrshr vqrshrn vshrn vqshrn",
            Class({"vector alu": 2, "slot0": 1, "vector port": 1}, latency=2),
        ),
        **_named(_VECTOR_MULTIPLIES, Class({"vector mac": 2, "slot0": 1, "vector port": 1}, latency=2)),
        # Sums across a vector into a scalar register: no vector instruction goes beside them.
        **_named(
            "vmlad vmlav vmlal vmlsd vmlsl vrmla",
            Class({"vector mac": 2, "slot0": 1, "vector port": 1}, latency=2, blocking=1, alone=True),
        ),
        **_named("vldr vld2 vld4 vldm vpop", Class({"vector load": 2, "vector port": 1}, latency=2)),
        **_named("vstr vst2 vst4 vstm vpush", Class({"vector store": 2, "vector port": 1})),
        "gather": Class({"vector load": 2, "vector port": 1}, latency=3),
    },
    accumulate=1,
    taken=0,
)  # fmt: skip
