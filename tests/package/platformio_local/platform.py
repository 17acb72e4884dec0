"""A development platform of PlatformIO: the compiler of this machine, without packages of its own."""

from platformio.public import PlatformBase


class NativePlatform(PlatformBase):
    pass
