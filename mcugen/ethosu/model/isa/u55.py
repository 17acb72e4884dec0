"""The commands of Ethos-U55 and U65.

Sources: `ethos_u55_regs.py` of Arm's Vela 5.2 (Apache-2.0) and what Vela prints with --verbose-register-command-stream.
"""

from mcugen.ethosu.model.isa.definitions import read_table

_SHORT = """
000 OP_STOP mask=0:16
001 OP_IRQ mask=0:16
002 OP_CONV
003 OP_DEPTHWISE
005 OP_POOL pooling_mode=0:3/pooling_mode
006 OP_ELEMENTWISE elementwise_mode=0:6/elementwise_mode
010 OP_DMA_START
011 OP_DMA_WAIT k=0:1
012 OP_KERNEL_WAIT n=0:2
013 OP_PMU_MASK enable=0:1
100 SET_IFM_PAD_TOP pad=0:7
101 SET_IFM_PAD_LEFT pad=0:7
102 SET_IFM_PAD_RIGHT pad=0:8
103 SET_IFM_PAD_BOTTOM pad=0:8
104 SET_IFM_DEPTH_M1 depth_m1=0:16
105 SET_IFM_PRECISION activation_type=0:1/activation_type activation_precision=2:2/activation_precision
    activation_format=6:2/activation_format scale_mode=8:2/ifm_scale_mode round_mode=14:2/round_mode
107 SET_IFM_UPSCALE mode=0:2/ifm_upscale_mode
109 SET_IFM_ZERO_POINT zero_point=0:16
10A SET_IFM_WIDTH0_M1 width_m1=0:16
10B SET_IFM_HEIGHT0_M1 height_m1=0:16
10C SET_IFM_HEIGHT1_M1 height_m1=0:16
10D SET_IFM_IB_END ib_end=0:6
10F SET_IFM_REGION region=0:3
111 SET_OFM_WIDTH_M1 width_m1=0:16
112 SET_OFM_HEIGHT_M1 height_m1=0:16
113 SET_OFM_DEPTH_M1 depth_m1=0:16
114 SET_OFM_PRECISION activation_type=0:1/activation_type activation_precision=1:2/activation_precision
    activation_format=6:2/activation_format scale_mode=8:1/ofm_scale_mode round_mode=14:2/round_mode
115 SET_OFM_BLK_WIDTH_M1 width_m1=0:6
116 SET_OFM_BLK_HEIGHT_M1 height_m1=0:5
117 SET_OFM_BLK_DEPTH_M1 depth_m1=0:7
118 SET_OFM_ZERO_POINT zero_point=0:16
11A SET_OFM_WIDTH0_M1 width_m1=0:16
11B SET_OFM_HEIGHT0_M1 height_m1=0:16
11C SET_OFM_HEIGHT1_M1 height_m1=0:16
11F SET_OFM_REGION region=0:3
120 SET_KERNEL_WIDTH_M1 width_m1=0:16
121 SET_KERNEL_HEIGHT_M1 height_m1=0:16
122 SET_KERNEL_STRIDE stride_x_lsb=0:1 stride_y_lsb=1:1 weight_order=2:1/weight_order
    dilation_x=3:1/kernel_dilation dilation_y=4:1/kernel_dilation decomposition=5:1/kernel_decomposition
    stride_x_msb=6:1 stride_y_msb=9:1
123 SET_PARALLEL_MODE parallel_mode=0:1/parallel_mode
124 SET_ACC_FORMAT acc_format=0:2/acc_format
125 SET_ACTIVATION activation_function=0:5/activation_function activation_clip_range=12:3/activation_clip_range
126 SET_ACTIVATION_MIN clip_boundary=0:16
127 SET_ACTIVATION_MAX clip_boundary=0:16
128 SET_WEIGHT_REGION region=0:3
129 SET_SCALE_REGION region=0:3
12D SET_AB_START ab_start=0:6
12F SET_BLOCKDEP blockdep=0:2
130 SET_DMA0_SRC_REGION region=0:3 region_mode=8:1/dma_region_mode stride_mode=9:2/dma_stride_mode
131 SET_DMA0_DST_REGION region=0:3 region_mode=8:1/dma_region_mode stride_mode=9:2/dma_stride_mode
132 SET_DMA0_SIZE0 size=0:16
133 SET_DMA0_SIZE1 size=0:16
180 SET_IFM2_BROADCAST broadcast_h=0:1/broadcast_mode broadcast_w=1:1/broadcast_mode
    broadcast_c=2:1/broadcast_mode operand_order=6:1/ifm2_operand_order broadcast_constant=7:1/broadcast_mode
181 SET_IFM2_SCALAR scalar=0:16
185 SET_IFM2_PRECISION activation_type=0:1/activation_type activation_precision=2:2/activation_precision
    activation_format=6:2/activation_format
189 SET_IFM2_ZERO_POINT zero_point=0:16
18A SET_IFM2_WIDTH0_M1 width_m1=0:16
18B SET_IFM2_HEIGHT0_M1 height_m1=0:16
18C SET_IFM2_HEIGHT1_M1 height_m1=0:16
18D SET_IFM2_IB_START ib_start=0:6
18F SET_IFM2_REGION region=0:3
"""

_LONG = """
000 SET_IFM_BASE0 addr
001 SET_IFM_BASE1 addr
002 SET_IFM_BASE2 addr
003 SET_IFM_BASE3 addr
004 SET_IFM_STRIDE_X addr
005 SET_IFM_STRIDE_Y addr
006 SET_IFM_STRIDE_C addr
010 SET_OFM_BASE0 addr
011 SET_OFM_BASE1 addr
012 SET_OFM_BASE2 addr
013 SET_OFM_BASE3 addr
014 SET_OFM_STRIDE_X addr
015 SET_OFM_STRIDE_Y addr
016 SET_OFM_STRIDE_C addr
020 SET_WEIGHT_BASE addr
021 SET_WEIGHT_LENGTH length=16:32
022 SET_SCALE_BASE addr
023 SET_SCALE_LENGTH length=16:20
024 SET_OFM_SCALE shift=0:6 scale=16:32
025 SET_OPA_SCALE shift=0:6 scale=16:32
026 SET_OPB_SCALE scale=16:16
030 SET_DMA0_SRC addr
031 SET_DMA0_DST addr
032 SET_DMA0_LEN addr
033 SET_DMA0_SKIP0 addr
034 SET_DMA0_SKIP1 addr
080 SET_IFM2_BASE0 addr
081 SET_IFM2_BASE1 addr
082 SET_IFM2_BASE2 addr
083 SET_IFM2_BASE3 addr
084 SET_IFM2_STRIDE_X addr
085 SET_IFM2_STRIDE_Y addr
086 SET_IFM2_STRIDE_C addr
090 SET_WEIGHT1_BASE addr
091 SET_WEIGHT1_LENGTH length=16:32
092 SET_SCALE1_BASE addr
093 SET_SCALE1_LENGTH length=16:20
"""

_VALUES = """
acc_format 0=I32 1=I40 2=F16
activation_clip_range 0=OFM_PRECISION 2=FORCE_UINT8 3=FORCE_INT8 5=FORCE_INT16
activation_format 0=NHWC 1=NHCWB16
activation_function 0=RELU 3=TANH 4=SIGMOID 16=TABLE_0 17=TABLE_1 18=TABLE_2 19=TABLE_3 20=TABLE_4 21=TABLE_5
    22=TABLE_6 23=TABLE_7
activation_precision 0=B8 1=B16 2=B32 3=B64
activation_type 0=UNSIGNED 1=SIGNED
broadcast_mode 0=DISABLE 1=ENABLE
dma_region_mode 0=EXTERNAL 1=INTERNAL
dma_stride_mode 0=D1 1=D2 2=D3
elementwise_mode 0=MUL 1=ADD 2=SUB 3=MIN 4=MAX 5=LRELU 6=ABS 7=CLZ 8=SHR 9=SHL
ifm2_operand_order 0=ORDER_B 1=ORDER_A
ifm_scale_mode 0=OPA_OPB_16 1=OPA_32 2=OPB_32
ifm_upscale_mode 0=NONE 1=NEAREST 2=ZEROS
kernel_decomposition 0=D8X8 1=D4X4
kernel_dilation 0=NONE 1=X2
ofm_scale_mode 0=PER_CHANNEL 1=GLOBAL
parallel_mode 0=SINGLE_CORE 1=DUAL_CORE_DEPTH
pooling_mode 0=MAX 1=AVERAGE 2=REDUCE_SUM
round_mode 0=DBL 1=TRUNCATE 2=NATURAL
weight_order 0=DEPTH_FIRST 1=PART_KERNEL_FIRST
"""

U55 = read_table("Ethos-U55/U65", _SHORT, _LONG, _VALUES)
