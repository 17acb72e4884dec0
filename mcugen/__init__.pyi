from mcugen.compiled import CompiledModule as CompiledModule
from mcugen.compiled import compile as compile
from mcugen.errors import CheckFailedError as CheckFailedError
from mcugen.errors import DoesNotFitError as DoesNotFitError
from mcugen.errors import InputError as InputError
from mcugen.errors import McugenError as McugenError
from mcugen.errors import MissingToolError as MissingToolError
from mcugen.errors import UnsupportedOperatorError as UnsupportedOperatorError

__version__: str
