"""The commands of Ethos-U85.

Source: what Arm's Vela 5.2 prints with --verbose-register-command-stream.
"""

from mcugen.ethosu.model.isa.definitions import read_table

_SHORT = """
000 OP_STOP mask=0:16
001 OP_IRQ mask=0:16
002 OP_CONV weights_ifm2=0:1
003 OP_DEPTHWISE
005 OP_POOL pooling_mode=0:3/pooling_mode
006 OP_ELEMENTWISE elementwise_mode=0:6/elementwise_mode
007 OP_RESIZE resize_mode=0:2/resize_mode
010 OP_DMA_START
011 OP_DMA_WAIT k=0:2
012 OP_KERNEL_WAIT n=0:1
013 OP_PMU_MASK enable=0:1
100 SET_IFM_PAD_TOP pad=0:7
101 SET_IFM_PAD_LEFT pad=0:7
102 SET_IFM_PAD_RIGHT pad=0:8
103 SET_IFM_PAD_BOTTOM pad=0:8
104 SET_IFM_DEPTH_M1 depth_m1=0:16
105 SET_IFM_PRECISION activation_type=0:1/activation_type activation_precision=2:2/activation_precision
    activation_format=6:2/activation_format activation_storage=14:2/activation_storage
107 SET_IFM_UPSCALE mode=0:2/ifm_upscale_mode
108 SET_IFM_BROADCAST broadcast_mode=0:4/broadcast_mode
109 SET_IFM_ZERO_POINT zero_point=0:16
10A SET_IFM_WIDTH0_M1 width_m1=0:16
10B SET_IFM_HEIGHT0_M1 height_m1=0:16
10C SET_IFM_HEIGHT1_M1 height_m1=0:16
10F SET_IFM_REGION region=0:3
111 SET_OFM_WIDTH_M1 width_m1=0:16
112 SET_OFM_HEIGHT_M1 height_m1=0:16
113 SET_OFM_DEPTH_M1 depth_m1=0:16
114 SET_OFM_PRECISION activation_type=0:1/activation_type activation_precision=1:2/activation_precision
    activation_format=6:2/activation_format scale_mode=8:1/ofm_scale_mode
    activation_reverse=9:2/activation_reverse activation_transpose=11:3/activation_transpose
    activation_storage=14:2/activation_storage
115 SET_OFM_BLK_WIDTH_M1 width_m1=0:7
116 SET_OFM_BLK_HEIGHT_M1 height_m1=0:7
117 SET_OFM_BLK_DEPTH_M1 depth_m1=0:10
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
124 SET_ACC_FORMAT acc_format=0:2/acc_format acc_input=4:2/acc_input acc_output=6:1/acc_output
    microblock=8:3/microblock
125 SET_ACTIVATION activation_function=0:5/activation_function table=5:3
    activation_clip_range=12:1/activation_clip_range
126 SET_ACTIVATION_MIN clip_boundary=0:16
127 SET_ACTIVATION_MAX clip_boundary=0:16
128 SET_WEIGHT_REGION region=0:3
129 SET_SCALE_REGION region=0:3
12A SET_RESIZE_X_SCALE_N_M1 resize_x_scale_n_m1=0:11
12B SET_RESIZE_Y_SCALE_N_M1 resize_y_scale_n_m1=0:11
12C SET_RESIZE_X_OFFSET resize_x_offset=0:12
12D SET_RESIZE_Y_OFFSET resize_y_offset=0:12
12E SET_WEIGHT_FORMAT weight_format=0:1/weight_format weight_sparsity=4:1/weight_sparsity
12F SET_BLOCKDEP blockdep=0:3
130 SET_DMA0_SRC_REGION region=0:3 region_mode=8:1/dma_region_mode stride_mode=9:2/dma_stride_mode
    idx_mode=11:1/dma_idx_mode
131 SET_DMA0_DST_REGION region=0:3 region_mode=8:1/dma_region_mode idx_mode=11:1/dma_idx_mode
132 SET_DMA0_SIZE0 size=0:16
133 SET_DMA0_SIZE1 size=0:16
134 SET_DMA0_IDX_REGION region=0:3
180 SET_IFM2_BROADCAST broadcast_mode=0:4/broadcast_mode
185 SET_IFM2_PRECISION activation_type=0:1/activation_type activation_precision=2:2/activation_precision
    activation_format=6:2/activation_format activation_storage=14:2/activation_storage
189 SET_IFM2_ZERO_POINT zero_point=0:16
18A SET_IFM2_WIDTH0_M1 width_m1=0:16
18B SET_IFM2_HEIGHT0_M1 height_m1=0:16
18C SET_IFM2_HEIGHT1_M1 height_m1=0:16
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
024 SET_OFM_SCALE shift=0:6 dbl_rnd=6:5 round_mode=13:3/round_mode_ofm scale=16:31
025 SET_IFM_SCALE shift=0:6 dbl_rnd=6:5 round_mode=13:1/round_mode_ifm scale=16:31
026 SET_IFM2_SCALE shift=0:6 dbl_rnd=6:5 round_mode=13:1/round_mode_ifm scale=16:31
027 SET_OP_SCALAR scalar=16:32
030 SET_DMA0_SRC addr
031 SET_DMA0_DST addr
032 SET_DMA0_LEN addr
033 SET_DMA0_SRC_STRIDE0 addr
034 SET_DMA0_SRC_STRIDE1 addr
035 SET_DMA0_DST_STRIDE0 addr
036 SET_DMA0_DST_STRIDE1 addr
037 SET_DMA0_IDX addr
038 SET_DMA0_IDX_MAX idx_max=16:31
039 SET_DMA0_IDX_SKIP1 addr
080 SET_IFM2_BASE0 addr
081 SET_IFM2_BASE1 addr
082 SET_IFM2_BASE2 addr
083 SET_IFM2_BASE3 addr
084 SET_IFM2_STRIDE_X addr
085 SET_IFM2_STRIDE_Y addr
086 SET_IFM2_STRIDE_C addr
090 SET_WEIGHT1_BASE addr
091 SET_WEIGHT1_LENGTH length=16:32
092 SET_WEIGHT2_BASE addr
093 SET_WEIGHT2_LENGTH length=16:32
094 SET_WEIGHT3_BASE addr
095 SET_WEIGHT3_LENGTH length=16:32
096 SET_RESIZE_X_STEP one_step_int=0:4 blk_step_int=4:11 one_step_mod=16:11 blk_step_mod=32:11
097 SET_RESIZE_Y_STEP one_step_int=0:4 blk_step_int=4:11 one_step_mod=16:11 blk_step_mod=32:11
100 OP_BRANCH branch_cond=0:1/branch_cond branch_target=16:32
"""

_VALUES = """
acc_format 0=I32 1=I48
acc_input 0=RESET 1=KEEP 2=IFM2
acc_output 0=ENABLE 1=DISABLE
activation_clip_range 0=B16 1=NONE
activation_format 0=NHWC 1=NHCWB16
activation_function 0=LUT_NONE 1=LUT_U8_U8 4=LUT_S8_S8 5=LUT_S8_S16 7=LUT_S8_S32 8=LUT_S16_S16 9=LUT_S16_S32
    10=LUT_TANH 11=LUT_SIGMOID
activation_precision 0=B8 1=B16 2=B32 3=B64
activation_reverse 0=NONE 1=H 2=W 3=C
activation_storage 0=TILE2X2 1=TILE3X1 2=CHAINED 3=NONE
activation_transpose 0=HWC 1=WHC 2=HCW 3=WCH 6=CHW 7=CWH
activation_type 0=UNSIGNED 1=SIGNED
branch_cond 0=ALWAYS 1=RF_TRUE
broadcast_mode 0=NONE 1=H 2=W 3=HW 4=C 5=CH 6=CW 7=CWH 8=SCALAR
dma_idx_mode 0=DISABLED 1=ENABLED
dma_region_mode 0=EXTERNAL 1=INTERNAL
dma_stride_mode 0=D1 1=D2 2=D3
elementwise_mode 0=MUL 1=ADD 2=SUB 3=MIN 4=MAX 5=LRELU 6=ABS 7=CLZ 8=SHR 9=SHL 10=LSR 11=DIV 16=CMP_EQ 17=CMP_NE
    18=CMP_GE 19=CMP_GT 33=AND 34=OR 35=XOR 36=NOT 42=AND_NOT
ifm_upscale_mode 0=NONE 1=NEAREST 2=ZEROS
kernel_decomposition 0=D8X8 1=D4X4
kernel_dilation 0=NONE 1=X2
microblock 0=U1X1 1=U1X2 2=U1X4 3=U2X2 4=U2X4 5=U4X4
ofm_scale_mode 0=PER_CHANNEL 1=GLOBAL
pooling_mode 0=MAX 1=AVERAGE 2=REDUCE_SUM 3=SUM 4=NONE 5=MIN 6=ARGMAX_X 7=ARGMAX_Y
resize_mode 0=BILINEAR 1=REPLICATE 2=NEAREST
round_mode_ifm 0=DOUBLE_SYMMETRIC 1=NATURAL
round_mode_ofm 0=DOUBLE_SYMMETRIC 1=NATURAL 2=DOUBLE_ASYMMETRIC 3=SYMMETRIC 4=TRUNCATE_TO_ZERO 5=TRUNCATE_TO_LOWER
weight_format 0=SWD 1=FWD
weight_order 0=DEPTH_FIRST 1=PART_KERNEL_FIRST
weight_sparsity 0=NONE 1=SPARSE_2_4
"""

U85 = read_table("Ethos-U85", _SHORT, _LONG, _VALUES)
