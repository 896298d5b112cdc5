//! Steps at which a test can end the program.
//!
//! Whatever changes the world outside the program (a write, a sync, a rename, a process that is
//! started) is wrapped in [`step!`] and thereby has a name. With the feature `armed`, which only
//! tests switch on, every step registers itself, so that the list of steps is that of the code,
//! and tells an observer when it is about to begin and when it is over: the observer may then kill
//! the process. Without the feature a step is its work and nothing else.
//!
//! Nothing here knows what a step does, nor what should hold afterwards.

/// Does `$work` as a step called `$name`.
///
/// A step that fails with `?` inside has begun and is never over.
#[cfg(feature = "armed")]
#[macro_export]
macro_rules! step {
    ($name:literal, $work:expr) => {{
        $crate::inventory::submit! {
            $crate::Step { name: $name, file: file!(), line: line!() }
        }
        $crate::reach($name, $crate::Side::Before);
        let done = $work;
        $crate::reach($name, $crate::Side::After);
        done
    }};
}

/// Does `$work`; with the feature `armed`, as a step called `$name`.
#[cfg(not(feature = "armed"))]
#[macro_export]
macro_rules! step {
    ($name:literal, $work:expr) => {
        $work
    };
}

#[cfg(feature = "armed")]
mod armed {
    use std::sync::OnceLock;

    /// A step of the code.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Step {
        /// Its name: where it is, and what it does.
        pub name: &'static str,
        /// The source file.
        pub file: &'static str,
        /// The line in it.
        pub line: u32,
    }

    /// A moment of a step.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum Side {
        /// It is about to begin.
        Before,
        /// It is over.
        After,
    }

    inventory::collect!(Step);

    type Observer = Box<dyn Fn(&'static str, Side) + Send + Sync>;
    static OBSERVER: OnceLock<Observer> = OnceLock::new();

    /// Every step of this program, by name.
    #[must_use]
    pub fn steps() -> Vec<Step> {
        let mut steps: Vec<Step> = inventory::iter::<Step>.into_iter().copied().collect();
        steps.sort_by_key(|step| (step.name, step.file, step.line));
        steps
    }

    /// Tells an observer of every step from now on, on the step's own thread. There is one for the
    /// whole life of a program; false when there is one already.
    pub fn observe(observer: impl Fn(&'static str, Side) + Send + Sync + 'static) -> bool {
        OBSERVER.set(Box::new(observer)).is_ok()
    }

    #[doc(hidden)]
    pub fn reach(name: &'static str, side: Side) {
        if let Some(observer) = OBSERVER.get() {
            observer(name, side);
        }
    }
}

#[cfg(feature = "armed")]
pub use armed::{Side, Step, observe, reach, steps};
#[cfg(feature = "armed")]
#[doc(hidden)]
pub use inventory;

#[cfg(all(test, feature = "armed"))]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[test]
    fn a_step_is_listed_and_told_of_and_gives_its_value() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let told = seen.clone();
        assert!(observe(move |name, side| {
            told.lock().unwrap().push((name, side));
        }));
        let value: Result<u8, ()> = step!("test.value", Ok(7));
        assert_eq!(value, Ok(7));
        let failing = || -> Result<(), u8> {
            step!("test.fails", Err(1)?);
            Ok(())
        };
        assert_eq!(failing(), Err(1));
        let names: Vec<&str> = steps().iter().map(|step| step.name).collect();
        assert_eq!(names, ["test.fails", "test.value"]);
        assert_eq!(
            *seen.lock().unwrap(),
            [
                ("test.value", Side::Before),
                ("test.value", Side::After),
                ("test.fails", Side::Before)
            ]
        );
        assert!(!observe(|_, _| {}), "there is one observer");
    }
}
