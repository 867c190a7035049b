use crate::{
    flaws::{FlawItem, Protocol},
    proof::{Expect::Has, grpc},
};

/// Anybody can list the gRPC services.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "grpc-reflection",
    title: "Anybody can list the gRPC services",
    owasp: "API8:2023",
    cwe: 200,
    protocol: Protocol::Grpc,
    operation: "grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    what: "Reflection is on, also for callers who are not logged in.",
    proof: &[grpc("", "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", b"\x3a\x00")
        .shows(&[Has("quayside.v1.Release")])],
};
