#!/usr/bin/env bash
# Makes anew the messages of crates/bartizan-gateway/tests/fixtures/ws-security, signed by xmlsec1, and the canonical
# forms there, by xmllint. Needs `apt-get install xmlsec1 libxml2-utils openssl`. The keys are thrown away.
set -euo pipefail
cd "$(dirname "$0")/../crates/bartizan-gateway/tests/fixtures/ws-security"
keys=$(mktemp -d)
trap 'rm -rf "$keys"' EXIT

cat >"$keys/ca.cnf" <<CNF
[ca]
default_ca = this
[this]
database = $keys/index
rand_serial = yes
new_certs_dir = $keys
policy = any
default_md = sha256
[any]
organizationName = optional
commonName = supplied
[authority]
basicConstraints = critical,CA:TRUE
keyUsage = keyCertSign,cRLSign
subjectKeyIdentifier = hash
[carrier]
basicConstraints = CA:FALSE
keyUsage = digitalSignature
subjectKeyIdentifier = hash
CNF
touch "$keys/index"
issue() { # NAME SUBJECT EXTENSIONS ISSUED BY KIND OF KEY…
    openssl genpkey -quiet -out "$keys/$1.key" "${@:5}"
    openssl req -new -key "$keys/$1.key" -subj "$2" -out "$keys/$1.csr"
    openssl ca -batch -notext -config "$keys/ca.cnf" -extensions "$3" -in "$keys/$1.csr" -out "$1.pem" \
        -startdate 20200101000000Z -enddate 21200101000000Z $4 2>"$keys/log" || { cat "$keys/log"; exit 1; }
}
by="-cert authority.pem -keyfile $keys/authority.key"
issue authority "/CN=Quayside authority" authority "-selfsign -keyfile $keys/authority.key" \
    -algorithm EC -pkeyopt ec_paramgen_curve:P-256
issue carrier-rsa /O=Quayside/CN=carrier-rsa carrier "$by" -algorithm RSA -pkeyopt rsa_keygen_bits:2048
issue carrier-ec /O=Quayside/CN=carrier-ec carrier "$by" -algorithm EC -pkeyopt ec_paramgen_curve:P-256

more=http://www.w3.org/2001/04/xmldsig-more
enc=http://www.w3.org/2001/04/xmlenc
exclusive='<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>'
listed='<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"><ec:InclusiveNamespaces xmlns:ec="http://www.w3.org/2001/10/xml-exc-c14n#" PrefixList="xsd #default"/></ds:Transform>'
inclusive='<ds:Transform Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315"/>'

reference() { # ID TRANSFORM DIGEST
    printf '<ds:Reference URI="#%s"><ds:Transforms>%s</ds:Transforms><ds:DigestMethod Algorithm="%s"/><ds:DigestValue/></ds:Reference>' "$@"
}
sign() { # FILE SIGNER SOAP METHOD C14N TRANSFORM DIGEST
    local file=$1 signer=$2 soap=$3 method=$4 form=$5 transform=$6 digest=$7 token
    token=$(grep -v CERTIFICATE "$signer.pem" | tr -d '\n')
    cat >"$keys/message.xml" <<XML
<?xml version="1.0" encoding="UTF-8"?>
<soap:Envelope xmlns:soap="$soap" xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns="urn:outside" xml:lang="en">
  <soap:Header>
    <wsa:To xmlns:wsa="http://www.w3.org/2005/08/addressing" xmlns:wsu="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd" wsu:Id="to">https://quayside.example/soap</wsa:To>
    <wsse:Security soap:mustUnderstand="1" xmlns:wsse="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd" xmlns:wsu="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd">
      <wsse:BinarySecurityToken wsu:Id="token" EncodingType="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary" ValueType="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0#X509v3">$token</wsse:BinarySecurityToken>
      <wsu:Timestamp wsu:Id="time"><wsu:Created>2026-01-01T00:00:00.000Z</wsu:Created><wsu:Expires>2026-01-01T00:05:00.000Z</wsu:Expires></wsu:Timestamp>
      <ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="$form"/><ds:SignatureMethod Algorithm="$method"/>$(reference body "$transform" "$digest")$(reference time "$transform" "$digest")$(reference to "$transform" "$digest")</ds:SignedInfo><ds:SignatureValue/><ds:KeyInfo><wsse:SecurityTokenReference><wsse:Reference URI="#token" ValueType="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0#X509v3"/></wsse:SecurityTokenReference></ds:KeyInfo></ds:Signature>
    </wsse:Security>
  </soap:Header>
  <soap:Body xmlns:wsu="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd" wsu:Id="body"><m:PostCharge xmlns:m="urn:quayside:billing" z="&quot;1&#9;2&#10;3&lt;&gt;'" a='4' m:b="5"><m:account>acc-17 &amp; &lt;more&gt; é</m:account><note
    xmlns=""
    xml:space="preserve">  two
lines &#13;</note><empty/><![CDATA[<&>]]></m:PostCharge></soap:Body>
</soap:Envelope>
XML
    xmlsec1 sign --privkey-pem "$keys/$signer.key" --output "$file" \
        --id-attr:Id "$soap:Body" \
        --id-attr:Id http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd:Timestamp \
        --id-attr:Id http://www.w3.org/2005/08/addressing:To "$keys/message.xml"
}
soap11=http://schemas.xmlsoap.org/soap/envelope/
soap12=http://www.w3.org/2003/05/soap-envelope
exc=http://www.w3.org/2001/10/xml-exc-c14n#
inc=http://www.w3.org/TR/2001/REC-xml-c14n-20010315
sign rsa-sha256.xml carrier-rsa $soap11 $more#rsa-sha256 $exc "$exclusive" $enc#sha256
sign rsa-sha512-listed.xml carrier-rsa $soap12 $more#rsa-sha512 $exc "$listed" $enc#sha512
sign rsa-sha384-inclusive.xml carrier-rsa $soap11 $more#rsa-sha384 $inc "$inclusive" $more#sha384
sign rsa-sha1.xml carrier-rsa $soap11 http://www.w3.org/2000/09/xmldsig#rsa-sha1 $exc "$exclusive" http://www.w3.org/2000/09/xmldsig#sha1
sign ecdsa-sha256.xml carrier-ec $soap12 $more#ecdsa-sha256 $exc "$exclusive" $enc#sha256

# The parser of xmllint keeps the line breaks of instructions as they are, so these have none.
cat >forms.xml <<'XML'
<a:root xmlns:a="urn:a" xmlns:unused="urn:unused" xmlns="urn:default"  z = '1'   a:y="2" xml:lang='de' b="&#9;&#10;&quot;&amp;&lt;>'">
  <child xmlns="" xmlns:a="urn:a"><a:deep xmlns:a="urn:other" a:x="1"/></child><plain/>
  <again xmlns="urn:default" xmlns:b="urn:b"><b:one/><b:two b:of="3"/></again>&#13;&lt;&gt;&amp;"<![CDATA[<section> & ]]>ü€𝄞
</a:root>
XML
xmllint --exc-c14n forms.xml >forms.exclusive
xmllint --c14n forms.xml >forms.inclusive
