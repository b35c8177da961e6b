// The order that JSONata sorts by. Private to this library.
#pragma once

#include <algorithm>
#include <span>
#include <vector>

namespace mdlc::expr::jsonata {

// Sorts by halves, from the top down, and keeps the order of equals. `swap(a, b)` says whether b has to stand before a;
// it is asked for the pairs that the reference asks for, which those see whose comparison fails or is a function of
// theirs. While `stopped()` nothing more is asked.
template <class T, class Swap, class Stopped>
void merge_sort(std::span<T> items, std::span<T> spare, Swap& swap, const Stopped& stopped) {
  if (items.size() <= 1 || stopped()) return;
  size_t middle = items.size() / 2;
  merge_sort(items.first(middle), spare.first(middle), swap, stopped);
  merge_sort(items.subspan(middle), spare.subspan(middle), swap, stopped);
  size_t left = 0, right = middle, at = 0;
  while (left < middle && right < items.size() && !stopped())
    spare[at++] = swap(items[left], items[right]) ? items[right++] : items[left++];
  while (left < middle) spare[at++] = items[left++];
  while (right < items.size()) spare[at++] = items[right++];
  std::copy(spare.begin(), spare.end(), items.begin());
}

}  // namespace mdlc::expr::jsonata
