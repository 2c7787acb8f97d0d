//! The whole decision, in virtual time: readings in, effects out, acts answered
//! by a make-believe driver. Every fact holds for an output that is safe when
//! off and for one that is safe when on.

mod edges;
mod leased;
mod modes;
mod site;
mod trouble;
