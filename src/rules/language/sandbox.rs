//! The bare rhai engine: what it may do, and every limit.
//!
//! A rule file comes from the owner, and may still be a slip, a paste or a loop
//! without end. None of them may stop the site or take its memory. rhai bounds
//! everything but compile time, which the size of a file bounds.

use rhai::packages::{ArithmeticPackage, BasicIteratorPackage, BasicStringPackage, Package};
use rhai::{Engine, OptimizationLevel};

/// Enough for any rule file that a person writes, little enough to load at once
/// on a Pi Zero: the largest shipped file needs about 300.
const OPERATIONS_MAX: u64 = 100_000;
/// Nesting of expressions; a chain of eight methods needs about twenty.
const DEPTH_MAX: usize = 64;
const CALLS_MAX: usize = 32;
const TEXT_MAX: usize = 4096;
const LIST_MAX: usize = 256;
const VARIABLES_MAX: usize = 512;
const FUNCTIONS_MAX: usize = 64;

/// An engine with limits and loops over ranges, and nothing else.
pub fn bare() -> Engine {
    let mut engine = Engine::new_raw();
    limits(&mut engine);
    engine.register_global_module(BasicIteratorPackage::new().as_shared_module());
    engine
}

/// An engine with limits, arithmetic, texts and loops, and nothing else.
pub fn engine() -> Engine {
    let mut engine = bare();
    for module in
        [ArithmeticPackage::new().as_shared_module(), BasicStringPackage::new().as_shared_module()]
    {
        engine.register_global_module(module);
    }
    engine
}

fn limits(engine: &mut Engine) {
    engine
        .set_fast_operators(false)
        // Folding would run our words while a file is only being parsed.
        .set_optimization_level(OptimizationLevel::None)
        .set_allow_shadowing(false)
        .set_fail_on_invalid_map_property(true)
        .set_max_operations(OPERATIONS_MAX)
        .set_max_expr_depths(DEPTH_MAX, CALLS_MAX)
        .set_max_call_levels(CALLS_MAX)
        .set_max_string_size(TEXT_MAX)
        .set_max_array_size(LIST_MAX)
        .set_max_map_size(LIST_MAX)
        .set_max_variables(VARIABLES_MAX)
        .set_max_functions(FUNCTIONS_MAX)
        .disable_symbol("eval")
        // A script must not swallow a refusal.
        .disable_symbol("try")
        .on_print(|_| {})
        .on_debug(|_, _, _| {});
}
