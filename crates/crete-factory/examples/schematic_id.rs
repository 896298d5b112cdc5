//! Reads a schematic on standard input and prints its id, or an error and exit code 1.

use std::io::Read;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut text = String::new();
    if let Err(error) = std::io::stdin().read_to_string(&mut text) {
        eprintln!("standard input: {error}");
        return ExitCode::FAILURE;
    }
    match crete_factory::schematic::parse(&text) {
        Ok(schematic) => {
            println!("{}", crete_factory::schematic::id(&schematic));
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
