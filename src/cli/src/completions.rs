//! `bridle completions`: what a shell needs to complete commands, options and their values.

use bridle_core::message::Language;
use clap::CommandFactory as _;
use clap_complete::Generator;
use clap_complete::shells;

use crate::arguments::{Arguments, Shell};
use crate::face::Face;

/// Prints the script for `shell`, with descriptions in the reader's language where the shell shows them.
pub fn run(face: &Face, shell: Shell) {
    face.put(script(shell, face.language).trim_end());
}

fn script(shell: Shell, language: Language) -> String {
    match shell {
        Shell::Bash => generate(shells::Bash, language),
        Shell::Zsh => generate(shells::Zsh, language),
        Shell::Fish => generate(shells::Fish, language),
    }
}

fn generate(generator: impl Generator, language: Language) -> String {
    let mut command = bridle_manual::localised(Arguments::command(), language);
    let mut bytes = Vec::new();
    clap_complete::generate(generator, &mut command, "bridle", &mut bytes);
    String::from_utf8(bytes).expect("scripts are made of names and words, which are text")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_shell_knows_the_options_of_a_command() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            for language in Language::ALL {
                let script = script(shell, language);
                for word in ["attach", "events", "explain", "completions"] {
                    assert!(script.contains(word), "{shell:?} {language}: no {word}");
                }
            }
        }
    }
}
