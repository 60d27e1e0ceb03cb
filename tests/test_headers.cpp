// SPDX-License-Identifier: MIT
// Does nothing itself: tests/CMakeLists.txt compiles the headers of the test framework with it, once for all tests.
int main() { return 0; }
