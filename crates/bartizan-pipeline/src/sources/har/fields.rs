//! The parts of a HAR entry that are read, with types that accept whatever exporters write: a
//! value of the wrong kind is absent, a repeated member counts once (the last), unknown members
//! are passed over without keeping them.

use std::{borrow::Cow, fmt, marker::PhantomData};

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Most header fields, cookies and parameters of one list that are kept.
const LIST_ITEMS: usize = 10_000;
/// Most messages of a WebSocket that are kept; an entry of 16 MiB hardly holds more.
const MESSAGES: usize = 300_000;

/// Methods of a visitor that accept every other kind of value.
macro_rules! accept_rest {
    (scalars) => {
        fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }
        fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }
        fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }
        fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }
        fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }
        accept_rest!(null);
    };
    (null) => {
        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }
    };
    (map) => {
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            Ok(Self::Value::default())
        }
    };
    (list) => {
        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
            while list.next_element::<IgnoredAny>()?.is_some() {}
            Ok(Self::Value::default())
        }
    };
    (anything) => {
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("anything")
        }
    };
}

/// Text; numbers and truth values as written.
#[derive(Debug, Default)]
pub(super) struct Text<'a>(pub(super) Option<Cow<'a, str>>);

impl Text<'_> {
    pub(super) fn as_str(&self) -> &str {
        self.0.as_deref().unwrap_or("")
    }
}

struct TextVisitor<'a>(PhantomData<&'a ()>);

impl<'de: 'a, 'a> Visitor<'de> for TextVisitor<'a> {
    type Value = Text<'a>;

    accept_rest!(anything);
    accept_rest!(null);
    accept_rest!(map);
    accept_rest!(list);

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'a>, E> {
        Ok(Text(Some(Cow::Borrowed(text))))
    }
    fn visit_str<E>(self, text: &str) -> Result<Text<'a>, E> {
        Ok(Text(Some(Cow::Owned(text.to_owned()))))
    }
    fn visit_bool<E>(self, value: bool) -> Result<Text<'a>, E> {
        Ok(Text(Some(value.to_string().into())))
    }
    fn visit_i64<E>(self, value: i64) -> Result<Text<'a>, E> {
        Ok(Text(Some(value.to_string().into())))
    }
    fn visit_u64<E>(self, value: u64) -> Result<Text<'a>, E> {
        Ok(Text(Some(value.to_string().into())))
    }
    fn visit_f64<E>(self, value: f64) -> Result<Text<'a>, E> {
        Ok(Text(Some(value.to_string().into())))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor(PhantomData))
    }
}

/// A number, also one written as text.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Num(pub(super) Option<f64>);

struct NumVisitor;

impl<'de> Visitor<'de> for NumVisitor {
    type Value = Num;

    accept_rest!(anything);
    accept_rest!(null);
    accept_rest!(map);
    accept_rest!(list);

    fn visit_bool<E>(self, _: bool) -> Result<Num, E> {
        Ok(Num(None))
    }
    fn visit_i64<E>(self, value: i64) -> Result<Num, E> {
        Ok(Num(Some(value as f64)))
    }
    fn visit_u64<E>(self, value: u64) -> Result<Num, E> {
        Ok(Num(Some(value as f64)))
    }
    fn visit_f64<E>(self, value: f64) -> Result<Num, E> {
        Ok(Num(Some(value)))
    }
    fn visit_str<E>(self, text: &str) -> Result<Num, E> {
        Ok(Num(text.trim().parse().ok().filter(|n: &f64| n.is_finite())))
    }
}

impl<'de> Deserialize<'de> for Num {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumVisitor)
    }
}

/// A list of at most `N`; what is no list is an empty one.
#[derive(Debug)]
pub(super) struct List<T, const N: usize = LIST_ITEMS>(pub(super) Vec<T>);

impl<T, const N: usize> Default for List<T, N> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

struct ListVisitor<T, const N: usize>(PhantomData<T>);

impl<'de, T: Deserialize<'de>, const N: usize> Visitor<'de> for ListVisitor<T, N> {
    type Value = List<T, N>;

    accept_rest!(anything);
    accept_rest!(scalars);
    accept_rest!(map);

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<List<T, N>, A::Error> {
        let mut out = Vec::new();
        while out.len() < N {
            match list.next_element()? {
                Some(item) => out.push(item),
                None => return Ok(List(out)),
            }
        }
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(List(out))
    }
}

impl<'de, T: Deserialize<'de>, const N: usize> Deserialize<'de> for List<T, N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ListVisitor(PhantomData))
    }
}

/// Declares a part of an entry.
macro_rules! part {
    ($(#[$doc:meta])* $name:ident { $($field:ident: $ty:ty = $key:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Default)]
        pub(super) struct $name<'a> {
            /// Whether it was there, as an object.
            pub(super) present: bool,
            $(pub(super) $field: $ty,)+
        }

        const _: () = {
            struct PartVisitor<'a>(PhantomData<&'a ()>);

            impl<'de: 'a, 'a> Visitor<'de> for PartVisitor<'a> {
                type Value = $name<'a>;

                accept_rest!(anything);
                accept_rest!(scalars);
                accept_rest!(list);

                fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<$name<'a>, A::Error> {
                    let mut part = $name { present: true, ..$name::default() };
                    while let Some(key) = map.next_key::<Text<'a>>()? {
                        match key.as_str() {
                            $($key => part.$field = map.next_value()?,)+
                            _ => { map.next_value::<IgnoredAny>()?; }
                        }
                    }
                    Ok(part)
                }
            }

            impl<'de: 'a, 'a> Deserialize<'de> for $name<'a> {
                fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    deserializer.deserialize_any(PartVisitor(PhantomData))
                }
            }
        };
    };
}

part! {
    /// An entry.
    Entry {
        started: Text<'a> = "startedDateTime",
        time: Num = "time",
        request: Request<'a> = "request",
        response: Response<'a> = "response",
        server: Text<'a> = "serverIPAddress",
        server_port: Num = "_serverPort",
        connection: Text<'a> = "connection",
        messages: List<WsMessage<'a>, MESSAGES> = "_webSocketMessages",
    }
}
part! {
    /// What was asked.
    Request {
        method: Text<'a> = "method",
        url: Text<'a> = "url",
        version: Text<'a> = "httpVersion",
        headers: Fields<'a> = "headers",
        cookies: Fields<'a> = "cookies",
        query: Fields<'a> = "queryString",
        post: PostData<'a> = "postData",
        body_size: Num = "bodySize",
    }
}
part! {
    /// A request body.
    PostData {
        mime: Text<'a> = "mimeType",
        text: Text<'a> = "text",
        encoding: Text<'a> = "encoding",
        params: List<Param<'a>> = "params",
    }
}
part! {
    /// A form field or part.
    Param {
        name: Text<'a> = "name",
        value: Text<'a> = "value",
        file: Text<'a> = "fileName",
        mime: Text<'a> = "contentType",
    }
}
part! {
    /// What was answered.
    Response {
        status: Num = "status",
        version: Text<'a> = "httpVersion",
        headers: Fields<'a> = "headers",
        content: Content<'a> = "content",
        body_size: Num = "bodySize",
    }
}
part! {
    /// A response body.
    Content {
        size: Num = "size",
        mime: Text<'a> = "mimeType",
        text: Text<'a> = "text",
        encoding: Text<'a> = "encoding",
    }
}
part! {
    /// A message of a WebSocket.
    WsMessage {
        kind: Text<'a> = "type",
        time: Num = "time",
        opcode: Num = "opcode",
        data: Text<'a> = "data",
    }
}

/// Names with values: `[{"name", "value"}]`, `[["name", "value"]]`, `{"name": "value"}` or
/// `{"name": ["value", …]}`.
#[derive(Debug, Default)]
pub(super) struct Fields<'a>(pub(super) Vec<(Cow<'a, str>, Cow<'a, str>)>);

struct FieldsVisitor<'a>(PhantomData<&'a ()>);

impl<'de: 'a, 'a> Visitor<'de> for FieldsVisitor<'a> {
    type Value = Fields<'a>;

    accept_rest!(anything);
    accept_rest!(scalars);

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Fields<'a>, A::Error> {
        let mut out = Vec::new();
        while let Some(Pair(pair)) = list.next_element()? {
            if out.len() < LIST_ITEMS {
                out.extend(pair);
            }
        }
        Ok(Fields(out))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<'a>, A::Error> {
        let mut out = Vec::new();
        while let Some(Text(name)) = map.next_key()? {
            let Values(values) = map.next_value()?;
            let name = name.unwrap_or_default();
            let free = LIST_ITEMS.saturating_sub(out.len());
            out.extend(values.into_iter().take(free).map(|value| (name.clone(), value)));
        }
        Ok(Fields(out))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FieldsVisitor(PhantomData))
    }
}

#[derive(Default)]
struct Pair<'a>(Option<(Cow<'a, str>, Cow<'a, str>)>);

struct PairVisitor<'a>(PhantomData<&'a ()>);

impl<'de: 'a, 'a> Visitor<'de> for PairVisitor<'a> {
    type Value = Pair<'a>;

    accept_rest!(anything);
    accept_rest!(scalars);

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Pair<'a>, A::Error> {
        let name = list.next_element::<Text<'a>>()?.unwrap_or_default();
        let value = list.next_element::<Text<'a>>()?.unwrap_or_default();
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Pair(name.0.map(|name| (name, value.0.unwrap_or_default()))))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pair<'a>, A::Error> {
        let (mut name, mut value) = (Text::default(), Text::default());
        while let Some(key) = map.next_key::<Text<'a>>()? {
            match key.as_str() {
                "name" => name = map.next_value()?,
                "value" => value = map.next_value()?,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(Pair(name.0.map(|name| (name, value.0.unwrap_or_default()))))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Pair<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PairVisitor(PhantomData))
    }
}

/// One value or a list of them.
#[derive(Default)]
struct Values<'a>(Vec<Cow<'a, str>>);

struct ValuesVisitor<'a>(PhantomData<&'a ()>);

impl<'de: 'a, 'a> Visitor<'de> for ValuesVisitor<'a> {
    type Value = Values<'a>;

    accept_rest!(anything);
    accept_rest!(null);
    accept_rest!(map);

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Values<'a>, E> {
        Ok(Values(vec![Cow::Borrowed(text)]))
    }
    fn visit_str<E>(self, text: &str) -> Result<Values<'a>, E> {
        Ok(Values(vec![Cow::Owned(text.to_owned())]))
    }
    fn visit_bool<E>(self, value: bool) -> Result<Values<'a>, E> {
        Ok(Values(vec![value.to_string().into()]))
    }
    fn visit_i64<E>(self, value: i64) -> Result<Values<'a>, E> {
        Ok(Values(vec![value.to_string().into()]))
    }
    fn visit_u64<E>(self, value: u64) -> Result<Values<'a>, E> {
        Ok(Values(vec![value.to_string().into()]))
    }
    fn visit_f64<E>(self, value: f64) -> Result<Values<'a>, E> {
        Ok(Values(vec![value.to_string().into()]))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Values<'a>, A::Error> {
        let mut out = Vec::new();
        while let Some(Text(value)) = list.next_element()? {
            if out.len() < LIST_ITEMS {
                out.extend(value);
            }
        }
        Ok(Values(out))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Values<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValuesVisitor(PhantomData))
    }
}
