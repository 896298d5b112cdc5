//! Prints the page's types. `cargo xtask types` keeps the result in the page's sources.

fn main() {
    print!("{}", crete_api::typescript());
}
