// SPDX-License-Identifier: MIT
// Nothing of its own: tests/CMakeLists.txt compiles the headers of the test framework here, once for all tests.
