/* The kernel is a header, since the one for Helium calls it where lanes cannot be loaded. */
#include "portable/elementwise/requantize_wide.h"
