//! The address guard: where the HTTP client may connect to.
//!
//! Owns the list of addresses that are not the public internet. A name is resolved here, once, and the connection goes
//! to the addresses that were checked, so that a name cannot mean something else a moment later.

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use thiserror::Error;
use url::{Host, Url};

/// Every address of the name is one that may not be called.
#[derive(Clone, Copy, Debug, Error)]
#[error("no public address")]
pub(super) struct Blocked;

/// The resolver that drops what is not public.
#[derive(Clone, Copy, Debug)]
pub(super) struct Guard {
    allow_private: bool,
}

impl Guard {
    pub(super) const fn new(allow_private: bool) -> Self {
        Self { allow_private }
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let allow_private = self.allow_private;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let addresses: Addrs = Box::new(permitted(found, allow_private)?.into_iter());
            Ok(addresses)
        })
    }
}

fn permitted(found: impl Iterator<Item = SocketAddr>, allow_private: bool) -> Result<Vec<SocketAddr>, Blocked> {
    let permitted: Vec<SocketAddr> = found.filter(|address| allow_private || is_public(address.ip())).collect();
    if permitted.is_empty() { Err(Blocked) } else { Ok(permitted) }
}

/// What can be said about a URL before its name is resolved. The URL parser has already turned the decimal, octal and
/// hexadecimal spellings of an address into the address.
pub(super) fn may_call(url: &Url, allow_private: bool) -> bool {
    let (literal, loopback) = match url.host() {
        Some(Host::Domain(name)) => (None, is_localhost(name)),
        Some(Host::Ipv4(address)) => (Some(IpAddr::V4(address)), address.is_loopback()),
        Some(Host::Ipv6(address)) => (Some(IpAddr::V6(address)), address.is_loopback()),
        None => return false,
    };
    let sound_scheme = match url.scheme() {
        "https" => true,
        "http" => allow_private && loopback,
        _ => false,
    };
    let anonymous = url.username().is_empty() && url.password().is_none();
    sound_scheme && anonymous && (allow_private || literal.is_none_or(is_public))
}

/// RFC 6761, section 6.3.
fn is_localhost(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    name == "localhost" || name.ends_with(".localhost")
}

/// Whether an address belongs to the public internet, by the registries of special-purpose addresses (RFC 6890).
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

const fn is_public_v4(address: Ipv4Addr) -> bool {
    let special = matches!(
        address.octets(),
        // "This network", private use, loopback; multicast, reserved, broadcast.
        [0 | 10 | 127 | 224.., ..]
            // Carrier-grade NAT (RFC 6598), where one cloud also keeps its metadata.
            | [100, 64..=127, ..]
            // Link-local, where the other clouds keep theirs; one more keeps its own on a public address.
            | [169, 254, ..] | [168, 63, 129, 16]
            // Private use.
            | [172, 16..=31, ..] | [192, 168, ..]
            // Protocol assignments, documentation, 6to4 relays.
            | [192, 0, 0 | 2, _] | [192, 88, 99, _]
            // Benchmarks and documentation.
            | [198, 18 | 19, ..] | [198, 51, 100, _] | [203, 0, 113, _]
    );
    !special
}

/// Only global unicast is public, and of that not what carries an IPv4 address inside or leads nowhere. Loopback,
/// mapped, NAT64, unique local, link-local and multicast addresses are all outside `2000::/3`.
const fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    let global_unicast = first & 0xe000 == 0x2000;
    // Protocol assignments with Teredo and ORCHID; documentation, old and new; 6to4.
    let special = (first == 0x2001 && (second < 0x0200 || second == 0x0db8))
        || first == 0x2002
        || (first == 0x3fff && second < 0x1000);
    global_unicast && !special
}

#[cfg(test)]
mod tests {
    use super::*;

    fn public(text: &str) -> bool {
        is_public(text.parse().unwrap())
    }

    #[test]
    fn the_public_internet_is_public() {
        for address in
            ["8.8.8.8", "100.63.0.1", "100.128.0.1", "172.15.0.1", "172.32.0.1", "192.0.1.1", "223.255.255.1"]
        {
            assert!(public(address), "{address}");
        }
        for address in ["2606:4700::1111", "2a00:1450:4001::1", "2001:4860:4860::8888", "2001:200::1"] {
            assert!(public(address), "{address}");
        }
    }

    #[test]
    fn case_060_special_addresses_are_not_public() {
        let v4 = [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "100.100.100.200",
            "127.0.0.1",
            "127.255.0.9",
            "168.63.129.16",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.192",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.51.100.7",
            "203.0.113.7",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
        ];
        let v6 = [
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:8.8.8.8",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "3fff::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ];
        for address in v4.into_iter().chain(v6) {
            assert!(!public(address), "{address}");
        }
    }

    #[test]
    fn a_name_keeps_its_public_addresses_only() {
        let all: Vec<SocketAddr> = ["8.8.8.8:0", "10.0.0.1:0"].iter().map(|text| text.parse().unwrap()).collect();
        assert_eq!(permitted(all.clone().into_iter(), false).unwrap(), ["8.8.8.8:0".parse().unwrap()]);
        assert_eq!(permitted(all.clone().into_iter(), true).unwrap(), all);
        assert!(permitted(all.into_iter().skip(1), false).is_err());
    }

    fn may(text: &str, allow_private: bool) -> bool {
        may_call(&Url::parse(text).unwrap(), allow_private)
    }

    #[test]
    fn case_060_urls_are_https_to_somewhere_public() {
        for url in ["https://idp.example/", "https://idp.example:8443/x", "https://8.8.8.8/"] {
            assert!(may(url, false) && may(url, true), "{url}");
        }
        let blocked = [
            "http://idp.example/",
            "file:///etc/passwd",
            "ftp://idp.example/",
            "gopher://idp.example/",
            "https://user:secret@idp.example/",
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://0177.0.0.1/",
            "https://127.1/",
            "https://127.0.0.1./",
            "https://[::1]/",
            "https://[::ffff:127.0.0.1]/",
            "https://[::ffff:7f00:1]/",
            "https://169.254.169.254/latest/meta-data",
            "https://[fd00:ec2::254]/",
            "http://localhost/",
            "http://127.0.0.1/",
            "https://0/",
            "data:,x",
        ];
        for url in blocked {
            assert!(!may(url, false), "{url}");
        }
    }

    #[test]
    fn private_addresses_are_open_only_by_choice_and_plain_only_on_loopback() {
        for url in [
            "http://localhost:9000/",
            "http://127.0.0.1/",
            "http://[::1]:1/",
            "http://idp.localhost/",
            "https://10.0.0.1/",
        ] {
            assert!(may(url, true), "{url}");
        }
        for url in ["http://10.0.0.1/", "http://idp.example/", "http://localhost.example/", "file:///etc/passwd"] {
            assert!(!may(url, true), "{url}");
        }
    }
}
