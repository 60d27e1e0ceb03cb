// SPDX-License-Identifier: MIT
// Does nothing: tests/CMakeLists.txt compiles the test framework's headers with it, once for all tests.
int main() { return 0; }
