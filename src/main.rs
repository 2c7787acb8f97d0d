//! The `sunkeep` command.

fn main() {}
