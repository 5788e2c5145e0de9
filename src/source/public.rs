//! Downloads that reach public addresses only, and hosts that are named.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ureq::Agent;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{Connector, DefaultConnector, NextTimeout, Transport};
use url::Host;

use super::fetch::host;

/// An agent that connects to public addresses only, and to these hosts whatever their addresses. It
/// asks for the address of every redirect too, and connects to the very address that was checked.
pub(super) fn agent(config: Config, hosts: Vec<Host>) -> Agent {
    agent_of(config, hosts, DefaultResolver::default(), DefaultConnector::default())
}

/// The same, with whoever is asked for addresses and whoever connects to them.
pub(super) fn agent_of<T: Transport>(
    config: Config,
    hosts: Vec<Host>,
    names: impl Resolver,
    connector: impl Connector<Out = T>,
) -> Agent {
    Agent::with_parts(config, connector, Public { names, hosts })
}

/// Resolves names, and drops addresses that are not public.
#[derive(Debug)]
struct Public<N> {
    names: N,
    /// Hosts that may have other addresses.
    hosts: Vec<Host>,
}

impl<N: Resolver> Resolver for Public<N> {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let all = self.names.resolve(uri, config, timeout)?;
        // What a redirect names was not normalised yet.
        if uri.host().is_some_and(|name| host(name).is_ok_and(|name| self.hosts.contains(&name))) {
            return Ok(all);
        }
        let mut public = self.empty();
        for address in all.iter().filter(|address| is_public(address.ip())) {
            public.push(*address);
        }
        if public.is_empty() {
            let host = uri.host().unwrap_or_default();
            let message = format!("{host} is not a public address, and others are refused");
            return Err(ureq::Error::Other(message.into()));
        }
        Ok(public)
    }
}

/// Whether an address can be anybody's on the internet.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// Not one of the blocks of RFC 6890 and its successors.
fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = match a {
        0 | 10 | 127 => true,
        // Shared address space of carriers.
        100 => (64..128).contains(&b),
        // Link-local, where clouds keep their metadata.
        169 => b == 254,
        172 => (16..32).contains(&b),
        // Protocol assignments, documentation, the old relays of 6to4, private networks.
        192 => matches!((b, c), (0, 0 | 2) | (88, 99) | (168, _)),
        // Benchmarks, documentation.
        198 => matches!(b, 18 | 19) || (b, c) == (51, 100),
        203 => (b, c) == (0, 113),
        // Multicast, reserved, broadcast.
        224.. => true,
        _ => false,
    };
    !special
}

/// Only global unicast (2000::/3), without documentation and tunnels, and IPv4 where it is public.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, c, d, e, f, g, h] = address.segments();
    let v4 = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match (a, b) {
        // IPv4 written as IPv6 (::ffff:0:0/96), and by way of a translator (64:ff9b::/96).
        (0, 0) => (c, d, e, f) == (0, 0, 0, 0xffff) && v4(g, h),
        (0x64, 0xff9b) => (c, d, e, f) == (0, 0, 0, 0) && v4(g, h),
        // 6to4 holds an IPv4 address.
        (0x2002, _) => v4(b, c),
        // Teredo and other assignments (2001::/23), documentation.
        (0x2001, 0..=0x1ff | 0xdb8) => false,
        (0x3fff, _) => false,
        (0x2000..=0x3fff, _) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_and_special_addresses_are_told_from_public_ones() {
        for address in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "127.9.9.9",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.0.1",
            "192.0.0.1",
            "192.0.2.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "64:ff9b::10.0.0.1",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "2001:db8::1",
            "2002:a00:1::1",
            "2001::1",
            "100::1",
        ] {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
        for address in [
            "1.1.1.1",
            "8.8.8.8",
            "100.63.0.1",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.169.0.1",
            "198.20.0.1",
            "223.255.255.1",
            "2606:4700::1111",
            "::ffff:8.8.8.8",
            "64:ff9b::8.8.8.8",
            "2001:4860:4860::8888",
            "2002:808:808::1",
        ] {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
    }
}
