//! What an endpoint speaks.

use crate::words::words;

words!(
    /// The protocol of an endpoint.
    Protocol {
        /// HTTP with resources.
        Rest = "rest",
        /// GraphQL over HTTP.
        Graphql = "graphql",
        /// gRPC.
        Grpc = "grpc",
        /// SOAP.
        Soap = "soap",
        /// JSON-RPC.
        JsonRpc = "json_rpc",
        /// The Model Context Protocol over HTTP.
        Mcp = "mcp",
        /// XML-RPC.
        XmlRpc = "xml_rpc",
        /// WebSocket.
        Websocket = "websocket",
        /// Channels over Apache Kafka.
        Kafka = "kafka",
        /// Channels over AMQP 0-9-1 or 1.0.
        Amqp = "amqp",
        /// Channels over MQTT.
        Mqtt = "mqtt",
        /// Channels over NATS.
        Nats = "nats",
        /// Queues of Amazon SQS.
        Sqs = "sqs",
        /// Topics of Amazon SNS.
        Sns = "sns",
        /// Topics of Google Cloud Pub/Sub.
        GooglePubsub = "google_pubsub",
        /// Channels over JMS, IBM MQ and Anypoint MQ among them.
        Jms = "jms",
        /// Channels over Apache Pulsar.
        Pulsar = "pulsar",
        /// Channels of Redis.
        Redis = "redis",
        /// Channels over Solace.
        Solace = "solace",
        /// Channels over STOMP.
        Stomp = "stomp",
        /// Channels of which is not written what they go over, or of something else.
        Channel = "channel",
    }
);

#[expect(clippy::derivable_impls, reason = "the enum is written by a macro")]
impl Default for Protocol {
    fn default() -> Self {
        Self::Rest
    }
}

impl Protocol {
    /// Whether its messages go through a broker, so that no source of traffic shows them: what is known of it is
    /// what is written, and that nothing was seen of it means nothing.
    #[must_use]
    pub const fn is_brokered(self) -> bool {
        match self {
            Self::Rest
            | Self::Graphql
            | Self::Grpc
            | Self::Soap
            | Self::JsonRpc
            | Self::Mcp
            | Self::XmlRpc
            | Self::Websocket => false,
            Self::Kafka
            | Self::Amqp
            | Self::Mqtt
            | Self::Nats
            | Self::Sqs
            | Self::Sns
            | Self::GooglePubsub
            | Self::Jms
            | Self::Pulsar
            | Self::Redis
            | Self::Solace
            | Self::Stomp
            | Self::Channel => true,
        }
    }
}
