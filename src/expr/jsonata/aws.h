// JSONata as AWS Step Functions offers it.
#pragma once

#include "expr/jsonata/jsonata.h"

namespace mdlc::expr::jsonata {

// JSONata's functions without $eval, and those that AWS adds:
//   $partition(array, size)      parts of that size, the last one may be smaller
//   $range(first, last, step)    numbers from first to last, inclusive; one alone is that number, as a sequence is
//   $hash(value, algorithm)      MD5, SHA-1, SHA-256, SHA-384, SHA-512, in lower-case hexadecimal digits
//   $random(seed)                [0, 1); with a seed the same number for the same seed
//   $uuid()                      version 4, from the environment's seed
//   $parse(text)                 the value of a JSON text
const library& aws_library();

}  // namespace mdlc::expr::jsonata
