"""Arm Ethos-U: NPUs beside Cortex-M cores, programmed by command streams that Arm's compiler Vela writes."""
