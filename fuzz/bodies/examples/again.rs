//! Runs a target's body once with the bytes of a file: a finding, without the fuzzer.

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [target, file] = words.as_slice() else { panic!("TARGET FILE") };
    let bytes = std::fs::read(file).expect("the file can be read");
    (fuzz_bodies::target(target).expect("a target").body)(&bytes);
}
