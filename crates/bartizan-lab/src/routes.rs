//! The REST surface: one table from which the router and both OpenAPI documents are made.

use std::{future::Future, pin::Pin, sync::LazyLock};

use axum::http::Method;

use crate::{
    auth,
    call::{Answer, Call, Problem},
    hooks, inside, jsonrpc,
    lab::Lab,
    rest::{
        admin, documents, exports, invoices, labels, old, pages, platform, quotes, shipments,
        slots, users, webhooks,
    },
    seed::Role,
    soap, xmlrpc,
};

/// Who may call a route at all; handlers look closer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Everybody.
    Anyone,
    /// Whoever is logged in.
    User,
    /// That role and the ones above.
    From(Role),
}

impl Access {
    pub(crate) fn check(self, call: &Call) -> Result<(), Problem> {
        match self {
            Self::Anyone => Ok(()),
            Self::User => call.user().map(|_| ()),
            Self::From(role) => call.need(role).map(|_| ()),
        }
    }
}

/// Whether a route stands in the honest OpenAPI document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    /// Yes.
    Yes,
    /// No: other protocols, pages, leftovers, and the lab's own switches.
    No,
}

type Doing<'a> = Pin<Box<dyn Future<Output = Answer> + Send + 'a>>;

/// One operation.
pub(crate) struct Route {
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    pub(crate) access: Access,
    pub(crate) shown: Shown,
    pub(crate) summary: &'static str,
    /// Schema of the request body and of the answer; empty when there is none.
    pub(crate) schemas: (&'static str, &'static str),
    /// Query parameters, separated by spaces.
    pub(crate) query: &'static str,
    pub(crate) handler: for<'a> fn(&'a Lab, &'a Call) -> Doing<'a>,
}

macro_rules! routes {
    ($($method:ident $path:literal $access:expr, $shown:ident, $handler:path,
        $summary:literal, $body:literal => $answer:literal, $query:literal;)*) => {
        vec![$(Route {
            method: Method::$method,
            path: $path,
            access: $access,
            shown: Shown::$shown,
            summary: $summary,
            schemas: ($body, $answer),
            query: $query,
            handler: |lab, call| Box::pin($handler(lab, call)),
        }),*]
    };
}

use Access::{Anyone, From, User};

/// All REST operations.
pub(crate) static ROUTES: LazyLock<Vec<Route>> = LazyLock::new(|| {
    let mut all = published();
    all.extend(unpublished());
    all
});

#[rustfmt::skip]
fn published() -> Vec<Route> {
    routes! {
        POST "/auth/login" Anyone, Yes, auth::login, "Log in", "Login" => "Tokens", "";
        POST "/auth/refresh" Anyone, Yes, auth::refresh, "Exchange a refresh token", "Refresh" => "Tokens", "";
        POST "/auth/logout" Anyone, Yes, auth::logout, "End a session", "Refresh" => "", "";
        POST "/auth/forgot" Anyone, Yes, auth::forgot, "Ask for a reset code", "Forgot" => "Message", "";
        POST "/auth/reset" Anyone, Yes, auth::reset, "Set a new password with a code", "Reset" => "Message", "";
        POST "/auth/otp" Anyone, Yes, auth::otp, "Send a code by text message", "Phone" => "Message", "";
        GET "/api/v1/me" User, Yes, users::me, "The caller", "" => "User", "";
        PATCH "/api/v1/me" User, Yes, users::change_me, "Change name, mail or phone", "UserChange" => "User", "";
        POST "/api/v1/me/password" User, Yes, users::password, "Change the password", "PasswordChange" => "Message", "";
        GET "/api/v1/users" From(Role::Clerk), Yes, users::list, "Users of the tenant", "" => "UserList", "limit";
        PUT "/api/v1/users/{id}/preferences" User, Yes, users::preferences, "Set preferences", "Preferences" => "", "";
        GET "/api/v1/users/{id}/summary" User, Yes, users::summary, "Figures of a user", "" => "Summary", "";
        GET "/api/v1/shipments" User, Yes, shipments::list, "Shipments of the caller", "" => "ShipmentList", "limit sort";
        POST "/api/v1/shipments" User, Yes, shipments::create, "Book a shipment", "NewShipment" => "Shipment", "";
        GET "/api/v1/shipments/search" User, Yes, shipments::search, "Search shipments", "" => "ShipmentList", "q";
        GET "/api/v1/shipments/{id}" User, Yes, shipments::read, "One shipment", "" => "Shipment", "";
        PATCH "/api/v1/shipments/{id}" User, Yes, shipments::change, "Change notes or consignee", "ShipmentChange" => "Shipment", "";
        DELETE "/api/v1/shipments/{id}" User, Yes, shipments::delete, "Delete a shipment (managers)", "" => "", "";
        POST "/api/v1/shipments/{id}/sync" User, Yes, shipments::sync, "Take over the carrier's status", "" => "Shipment", "";
        GET "/api/v1/quotes" User, Yes, quotes::list, "Quotes of the caller", "" => "QuoteList", "";
        POST "/api/v1/quotes" User, Yes, quotes::create, "Ask for a quote", "NewQuote" => "Quote", "";
        POST "/api/v1/quotes/{id}/accept" User, Yes, quotes::accept, "Accept an approved quote", "" => "Quote", "";
        GET "/api/v1/invoices" User, Yes, invoices::list, "Invoices of the caller", "" => "InvoiceList", "limit";
        GET "/api/v1/invoices/{id}" User, Yes, invoices::read, "One invoice", "" => "Invoice", "";
        POST "/api/v1/invoices/{id}/pay" User, Yes, invoices::pay, "Pay a part of an invoice", "Payment" => "Invoice", "";
        POST "/api/v1/invoices/{id}/refund" User, Yes, invoices::refund, "Give money back (managers)", "" => "Invoice", "";
        GET "/api/v1/documents" User, Yes, documents::list, "Documents of the caller", "" => "DocumentList", "";
        POST "/api/v1/documents" User, Yes, documents::upload, "Upload a document", "Upload" => "Document", "";
        POST "/api/v1/documents/import" User, Yes, documents::import, "Fetch a document", "Address" => "Document", "";
        GET "/api/v1/documents/{id}/content" User, Yes, documents::content, "Content of a document", "" => "", "";
        GET "/api/v1/documents/{id}/preview" User, Yes, documents::preview, "Picture of a document", "" => "", "width height";
        DELETE "/api/v1/documents/{id}" User, Yes, documents::delete, "Delete a document", "" => "", "";
        GET "/api/v1/slots" User, Yes, slots::list, "Dock slots", "" => "SlotList", "";
        POST "/api/v1/slots/{id}/book" User, Yes, slots::book, "Book a dock slot", "" => "Slot", "";
        GET "/api/v1/vouchers/{code}" User, Yes, slots::voucher, "Look a voucher up", "" => "Voucher", "";
        POST "/api/v1/vouchers/{code}/redeem" User, Yes, slots::redeem, "Redeem a voucher", "" => "Voucher", "";
        POST "/api/v1/webhooks" User, Yes, webhooks::create, "Register a hook", "Webhook" => "Webhook", "";
        GET "/api/v1/webhooks/{id}/deliveries" User, Yes, webhooks::deliveries, "What a hook was sent", "" => "DeliveryList", "";
        POST "/api/v1/webhooks/test" User, Yes, webhooks::test, "Try a hook", "Address" => "HookTest", "";
        POST "/api/v1/labels" User, Yes, labels::print, "Print a label", "Label" => "LabelText", "";
        GET "/api/v1/reports/{id}" User, Yes, platform::report, "A monthly report", "" => "Report", "";
        GET "/api/v1/ports" Anyone, Yes, platform::ports, "Ports", "" => "PortList", "limit";
        GET "/api/v1/notices" Anyone, Yes, platform::notices, "Notices", "" => "NoticeList", "";
        GET "/api/v1/notices/{id}" Anyone, Yes, platform::notice, "One notice", "" => "Notice", "";
        GET "/api/v1/admin/users" User, Yes, admin::users, "All users (admins)", "" => "UserList", "";
        GET "/api/v1/admin/export" User, Yes, admin::export, "Everything of the tenant (admins)", "" => "Export", "";
        GET "/api/v1/exports/shipments.csv" User, Yes, exports::csv, "Shipments as a table", "" => "", "";
        POST "/hooks/carrier" Anyone, Yes, hooks::receive, "Called by the carrier", "CarrierUpdate" => "Message", "";
        GET "/health" Anyone, Yes, platform::health, "Whether the service is there", "" => "Message", "";
    }
}

#[rustfmt::skip]
fn unpublished() -> Vec<Route> {
    routes! {
        GET "/" Anyone, No, pages::home, "Start page", "" => "", "";
        GET "/track" Anyone, No, pages::track, "Tracking page", "" => "", "ref";
        GET "/go" Anyone, No, pages::go, "Leave the site", "" => "", "to";
        GET "/labels/{id}" User, No, pages::label, "Label as a page", "" => "", "";
        GET "/files" Anyone, No, pages::files, "Form templates", "" => "", "name";
        GET "/openapi.json" Anyone, No, pages::openapi, "The honest document", "" => "", "";
        GET "/openapi-partner.json" Anyone, No, pages::partner, "The drifting document", "" => "", "";
        GET "/openapi-internal.json" Anyone, No, pages::internal, "The document for staff", "" => "", "";
        GET "/schema.graphql" Anyone, No, pages::graphql, "GraphQL schema", "" => "", "";
        GET "/quayside.proto" Anyone, No, pages::proto, "gRPC services", "" => "", "";
        GET "/soap" Anyone, No, pages::wsdl, "SOAP description", "" => "", "";
        POST "/soap" Anyone, No, soap::call, "SOAP", "" => "", "";
        POST "/xmlrpc" Anyone, No, xmlrpc::call, "XML-RPC", "" => "", "";
        POST "/jsonrpc" Anyone, No, jsonrpc::call, "JSON-RPC", "" => "", "";
        GET "/debug/vars" Anyone, No, old::debug, "Leftover of development", "" => "", "";
        GET "/backup/quayside.sql" Anyone, No, old::backup, "Leftover of operations", "" => "", "";
        GET "/api/v0/shipments/{id}" Anyone, No, old::shipment, "First version", "" => "", "";
        POST "/api/v0/login" Anyone, No, old::login, "First version", "" => "", "";
        GET "/api/beta/search" Anyone, No, old::search, "Never released", "" => "", "q";
        POST "/_lab/reset" Anyone, No, inside::reset, "The lab's own switch", "" => "", "";
        GET "/_lab/token" Anyone, No, inside::token, "The lab's own switch", "" => "", "login age";
        GET "/_internal/metadata" Anyone, No, inside::metadata, "Reached from inside only", "" => "", "";
        GET "/_partner/carrier/{id}" Anyone, No, inside::carrier, "The carrier", "" => "", "";
        GET "/_partner/hooks/redirect" Anyone, No, inside::redirect, "A receiver that redirects", "" => "", "to";
        POST "/_partner/hooks/echo" Anyone, No, inside::echo, "A receiver", "" => "", "";
        GET "/_partner/hooks/echo" Anyone, No, inside::echo, "A receiver", "" => "", "";
    }
}
