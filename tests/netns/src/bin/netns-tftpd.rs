//! The TFTP server with windowsize: the crate `tftpd` (rs-tftpd) on port 69.
//! Usage: netns-tftpd ADDRESS DIRECTORY

use tftpd::{Config, Server};

fn main() {
    let mut words = std::env::args().skip(1);
    let address = words.next().expect("an address");
    let directory = words.next().expect("a directory");
    let words = ["netns-tftpd", "-i", &address, "-p", "69", "-d", &directory, "-r"];
    let config = Config::new(words.iter().map(ToString::to_string)).expect("a sound configuration");
    let mut server = Server::new(&config).expect("port 69 is free");
    println!("serving {directory}");
    server.listen();
}
