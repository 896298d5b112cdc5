//! Things with a number that is used again when they are gone.

/// A table of things by number.
#[derive(Debug)]
pub(crate) struct Slab<T> {
    places: Vec<Option<T>>,
    free: Vec<usize>,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self {
            places: Vec::new(),
            free: Vec::new(),
        }
    }
}

impl<T> Slab<T> {
    pub(crate) fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }

    /// All numbers given so far are below this.
    pub(crate) fn end(&self) -> usize {
        self.places.len()
    }

    pub(crate) fn insert(&mut self, thing: T) -> usize {
        match self.free.pop() {
            Some(at) => {
                self.places[at] = Some(thing);
                at
            }
            None => {
                self.places.push(Some(thing));
                self.places.len() - 1
            }
        }
    }

    /// Removes a thing. Its number is the next to be given.
    pub(crate) fn remove(&mut self, at: usize) -> Option<T> {
        let thing = self.places.get_mut(at)?.take()?;
        self.free.push(at);
        Some(thing)
    }

    pub(crate) fn get(&self, at: usize) -> Option<&T> {
        self.places.get(at)?.as_ref()
    }

    pub(crate) fn get_mut(&mut self, at: usize) -> Option<&mut T> {
        self.places.get_mut(at)?.as_mut()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, &T)> {
        let present = |(at, place)| Some((at, Option::as_ref(place)?));
        self.places.iter().enumerate().filter_map(present)
    }
}
