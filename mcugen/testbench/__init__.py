"""Firmware beside a module that people and CI run by themselves: a suite for Renode, the MLPerf Tiny protocol."""

from mcugen.testbench.renode_suite import renode_suite

__all__ = ["renode_suite"]
