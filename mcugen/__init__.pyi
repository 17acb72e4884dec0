from mcugen.compiled import CompiledModule as CompiledModule
from mcugen.compiled import compile as compile

__version__: str
