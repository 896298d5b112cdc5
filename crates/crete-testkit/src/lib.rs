//! Fakes that stand for things that are not ours: QEMU and the Image Factory.
