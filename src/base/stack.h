// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// What calls leave behind on a thread's stack. Thread rule: any thread, its own stack.
#pragma once

namespace counterfoil {

/// Overwrites the stack below the caller, as deep as a request's work goes: short texts live inside objects,
/// and what a person wrote must not stay behind in a thread that waits for the next one.
void burn_stack() noexcept;

}  // namespace counterfoil
