"""Firmware beside a module that people and CI run by themselves: a suite for Renode, the MLPerf Tiny protocol."""
