//! Boots from a real web server: prefixes, redirects, passwords, statuses, connections.

use netns_tests::certificates::{Authority, Valid};
use netns_tests::fixtures::{self, CONFIG_NAME, Images};
use netns_tests::servers::nginx::{self, Nginx};
use netns_tests::{Host, Lab};

use crate::common::{OTHER, check, lease_with};

/// The usual boot with the kernel at `url`, and an nginx with `more` directives.
fn kernel_at(lab: &Lab, url: &str, more: &str) -> (Host, Nginx, Images) {
    let (server, root, images) = lease_with(lab, &["dhcp-option=210,http://192.168.200.1/"]);
    let config = format!("default a\nlabel a\nkernel {url}\n");
    fixtures::write(&root, CONFIG_NAME, config.as_bytes());
    let nginx = nginx::start(&server, &root, None, more);
    (server, nginx, images)
}

fn assert_kernel(lab: &Lab, images: &Images) {
    let end = lab.boot().run();
    crate::common::assert_same("kernel", &end.booted().kernel, &images.kernel);
}

#[test]
fn a_prefix_that_is_a_url_as_maas_gives_it() {
    Lab::run(|lab| {
        let (server, root, images) = lease_with(
            lab,
            &["dhcp-boot=lpxelinux.0", "dhcp-option-force=210,http://192.168.200.1:5248/"],
        );
        nginx::start_on(&server, &root, "5248", None, "");
        check(&lab.boot().run(), &images);
    });
}

#[test]
fn a_whole_boot_takes_two_connections() {
    Lab::run(|lab| {
        let (server, root, images) =
            lease_with(lab, &["dhcp-boot=http://192.168.200.1/lpxelinux.0"]);
        let nginx = nginx::start(&server, &root, None, "");
        check(&lab.boot().run(), &images);
        let asked = nginx.asked();
        assert!(asked.iter().filter(|asked| asked.status == "404").count() >= 1, "{asked:?}");
        assert_eq!(nginx.connections(), 2, "{asked:?}");
    });
}

#[test]
fn a_connection_is_kept_after_an_error_page_that_is_not_too_long() {
    for (length, kept) in [(64 << 10, true), ((64 << 10) + 1, false)] {
        Lab::run(move |lab| {
            let (server, root, images) =
                lease_with(lab, &["dhcp-option=210,http://192.168.200.1/"]);
            fixtures::write(&root, "404.html", &fixtures::bytes(4, length));
            let nginx = nginx::start(&server, &root, None, "error_page 404 /404.html;");
            check(&lab.boot().run(), &images);
            assert_eq!(nginx.connections() == 2, kept, "{:?}", nginx.asked());
        });
    }
}

#[test]
fn names_are_looked_up_in_the_guests_network_only() {
    Lab::run(|lab| {
        let (server, root, images) = lease_with(
            lab,
            &[
                "port=53",
                "address=/boot.example/192.168.200.1",
                "dhcp-option=6,192.168.200.1",
                "dhcp-option=15,example",
                "dhcp-option=210,http://boot/",
            ],
        );
        let nginx = nginx::start(&server, &root, None, "");
        // What dom0 itself would say, if it were asked.
        std::fs::write("/etc/hosts", "192.168.200.9 boot boot.example\n").expect("dom0's hosts");
        check(&lab.boot().run(), &images);
        assert!(nginx.asked().iter().all(|asked| asked.headers[2] == "boot"));
    });
}

#[test]
fn an_unknown_name_is_said_to_be_one() {
    Lab::run(|lab| {
        lease_with(
            lab,
            &["port=53", "dhcp-option=6,192.168.200.1", "dhcp-option=210,http://nowhere.example/"],
        );
        lab.boot().run().failed(14, &["nowhere.example", "192.168.200.1"]);
    });
}

const CHAIN: &str = "absolute_redirect off;\n\
    location = /1 { return 301 /2; } location = /2 { return 302 3?x=y; }\n\
    location = /3 { return 303 //192.168.200.1/d/../4; } location = /4 { return 307 ./5; }\n\
    location = /5 { return 308 http://192.168.200.1:80/vmlinuz; } location = /0 { return 302 /1; }\n\
    location = /a { return 302 /b; } location = /b { return 302 /a; }\n";

#[test]
fn five_redirects_of_every_kind_are_followed() {
    Lab::run(|lab| {
        let (_, nginx, images) = kernel_at(lab, "1", CHAIN);
        assert_kernel(lab, &images);
        assert!(nginx.asked().iter().any(|asked| asked.path == "/3?x=y"), "{:?}", nginx.asked());
    });
}

#[test]
fn six_redirects_are_one_too_many() {
    Lab::run(|lab| {
        kernel_at(lab, "0", CHAIN);
        lab.boot().run().failed(14, &["http://192.168.200.1/0", "more than 5 redirects"]);
    });
}

#[test]
fn redirects_in_a_circle_are_noticed() {
    Lab::run(|lab| {
        let (_, nginx, _) = kernel_at(lab, "a", CHAIN);
        lab.boot().run().failed(14, &["http://192.168.200.1/a", "circle"]);
        assert!(nginx.asked().iter().filter(|asked| asked.path == "/a").count() <= 1);
    });
}

#[test]
fn a_redirect_to_a_host_without_a_web_server_names_both() {
    Lab::run(|lab| {
        kernel_at(lab, "1", "location = /1 { return 302 http://192.168.200.1:81/k; }");
        let end = lab.boot().run();
        end.failed(14, &["http://192.168.200.1/1", "http://192.168.200.1:81/k", "nobody listens"]);
    });
}

#[test]
fn http_may_lead_to_https_and_not_back() {
    Lab::run(|lab| {
        let (server, root, images) = lease_with(lab, &["dhcp-option=210,http://192.168.200.1/"]);
        let authority = Authority::new(lab, "ours");
        let certificate = authority.sign(lab, "IP:192.168.200.1", Valid::Now);
        let nginx = nginx::start(
            &server,
            &root,
            Some(&certificate),
            "location = /back { return 302 http://192.168.200.1/vmlinuz; }\n\
             if ($scheme = http) { return 301 https://$host$request_uri; }",
        );
        let ca = [format!("--ca={}", authority.own.certificate.display())];
        check(&lab.boot().and(ca.clone()).run(), &images);
        assert!(nginx.asked().iter().any(|asked| asked.status == "301"));

        let back = b"default a\nlabel a\nkernel https://192.168.200.1/back\n";
        fixtures::write(&root, CONFIG_NAME, back);
        let end = lab.boot().and(ca).run();
        end.failed(
            14,
            &["https://192.168.200.1/back", "from https to http://192.168.200.1/vmlinuz"],
        );
    });
}

/// "guest" with the password "p@ss", by `openssl passwd -apr1`.
fn with_password(lab: &Lab, url: &str) -> (Nginx, Images) {
    let file = lab.directory("password").join("htpasswd");
    let mut command = lab.command(netns_tests::programs::installed("openssl"));
    command.args(["passwd", "-apr1", "p@ss"]);
    let hash = String::from_utf8(netns_tests::process::run(command).stdout).expect("text");
    std::fs::write(&file, format!("guest:{hash}")).expect("a password file");
    let more = format!(
        "location = /vmlinuz {{ auth_basic x; auth_basic_user_file {}; }}\n\
         location = /away {{ return 302 http://192.168.200.7/vmlinuz; }}\n\
         location = /here {{ return 302 /vmlinuz; }}",
        file.display()
    );
    let (_, nginx, images) = kernel_at(lab, url, &more);
    (nginx, images)
}

// printf 'guest:p@ss' | base64
const BASIC: &str = "Basic Z3Vlc3Q6cEBzcw==";

#[test]
fn a_password_in_a_url_goes_to_that_host_also_after_a_redirect() {
    Lab::run(|lab| {
        let (nginx, images) = with_password(lab, "http://guest:p%40ss@192.168.200.1/here");
        assert_kernel(lab, &images);
        let with: Vec<_> =
            nginx.asked().into_iter().filter(|asked| asked.headers[0] == BASIC).collect();
        assert_eq!(with.len(), 2, "{:?}", nginx.asked());
    });
}

#[test]
fn a_password_in_a_url_goes_to_no_other_host() {
    Lab::run(|lab| {
        let (nginx, images) = with_password(lab, "http://guest:p%40ss@192.168.200.1/away");
        let other = lab.host("other", OTHER);
        let root = other.directory("root");
        fixtures::write(&root, "vmlinuz", &images.kernel);
        let elsewhere = nginx::start(&other, &root, None, "");
        assert_kernel(lab, &images);
        assert!(nginx.asked().iter().any(|asked| asked.headers[0] == BASIC));
        assert_eq!(elsewhere.asked().len(), 1);
        assert_eq!(elsewhere.asked()[0].headers[0], "-");
    });
}

#[test]
fn a_password_is_asked_for_and_never_shown() {
    Lab::run(|lab| {
        with_password(lab, "http://192.168.200.1/vmlinuz");
        lab.boot().run().failed(14, &["status 401", "http://USER:PASSWORD@HOST/"]);
    });
    Lab::run(|lab| {
        with_password(lab, "http://guest:wr0ng@192.168.200.1/vmlinuz");
        let end = lab.boot().and(["--debug"]).run();
        end.failed(14, &["status 401", "refuses this user"]);
        assert!(!end.console.contains("wr0ng"), "{end}");
    });
}

#[test]
fn what_the_server_forbids_is_said_to_be_forbidden() {
    Lab::run(|lab| {
        kernel_at(lab, "secret", "location = /secret { return 403; }");
        lab.boot().run().failed(14, &["http://192.168.200.1/secret", "status 403"]);
    });
}

#[test]
fn a_store_that_forbids_what_is_not_there_is_searched_to_the_end() {
    Lab::run(|lab| {
        let (server, root, images) = lease_with(lab, &["dhcp-option=210,http://192.168.200.1/"]);
        let nginx = nginx::start(&server, &root, None, "location / { try_files $uri =403; }");
        check(&lab.boot().run(), &images);
        assert!(nginx.asked().iter().any(|asked| asked.status == "403"), "{:?}", nginx.asked());
    });
}

#[test]
fn a_server_in_trouble_is_asked_twice_and_no_more() {
    Lab::run(|lab| {
        let (_, nginx, _) = kernel_at(lab, "broken", "location = /broken { return 500; }");
        lab.boot().run().failed(14, &["http://192.168.200.1/broken", "status 500, twice"]);
        let asked = nginx.asked();
        assert_eq!(asked.iter().filter(|asked| asked.path == "/broken").count(), 2, "{asked:?}");
    });
}
