"""How the platform builds a project: SCons runs this. Warnings are errors."""

from SCons.Script import Default, DefaultEnvironment

env = DefaultEnvironment()
env.Replace(AR="gcc-ar", AS="gcc", CC="gcc", CXX="g++", RANLIB="gcc-ranlib", PROGNAME="program", PROGSUFFIX="")
env.Append(CCFLAGS=["-Os", "-Wall", "-Wextra", "-Wpedantic", "-Werror"], CFLAGS=["-std=gnu11"])
Default([env.BuildProgram()])
