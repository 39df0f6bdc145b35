#include "tests/server/certificate.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "lfs/base/files.h"

namespace lazylfs::server {
namespace {

using Key = Handle<EVP_PKEY, EVP_PKEY_free>;
using Certificate = Handle<X509, X509_free>;
using Extension = Handle<X509_EXTENSION, X509_EXTENSION_free>;
using Bio = Handle<BIO, BIO_free_all>;

constexpr long kLifetimeSeconds = 30L * 24 * 3600;

const unsigned char* c_bytes(const char* text) {
  const void* address = text;
  return static_cast<const unsigned char*>(address);
}

struct Identity {
  Key key;
  Certificate certificate;
};

bool add_extension(X509* certificate, X509* issuer, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value));
  return extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1;
}

// `issuer` null: self-signed, an authority.
Result<Identity> make_identity(const char* name, const Identity* issuer) {
  Identity made{Key(EVP_EC_gen("P-256")), Certificate(X509_new())};
  X509* certificate = made.certificate.get();
  if (!made.key || certificate == nullptr) return Error(Errc::io, "make a key");
  X509_set_version(certificate, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), issuer == nullptr ? 1 : 2);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), kLifetimeSeconds);
  X509_set_pubkey(certificate, made.key.get());
  X509_NAME* subject = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, c_bytes(name), -1, -1, 0);
  const Identity& signer = issuer == nullptr ? made : *issuer;
  X509* authority = signer.certificate.get();
  X509_set_issuer_name(certificate, X509_get_subject_name(authority));
  bool ok = add_extension(certificate, authority, NID_basic_constraints,
                          issuer == nullptr ? "critical,CA:TRUE" : "CA:FALSE");
  ok = ok && add_extension(certificate, authority, NID_subject_key_identifier, "hash");
  if (issuer == nullptr) {
    ok = ok && add_extension(certificate, authority, NID_key_usage, "critical,keyCertSign,cRLSign");
  } else {
    ok = ok && add_extension(certificate, authority, NID_subject_alt_name,
                             "DNS:localhost,IP:127.0.0.1,IP:::1");
  }
  if (!ok || X509_sign(certificate, signer.key.get(), EVP_sha256()) == 0) {
    return Error(Errc::io, "sign a certificate");
  }
  return made;
}

Result<void> write_certificate(const std::string& path, X509* certificate) {
  const Bio bio(BIO_new(BIO_s_mem()));
  if (!bio || PEM_write_bio_X509(bio.get(), certificate) != 1) {
    return Error(Errc::io, "encode a certificate");
  }
  BUF_MEM* memory = nullptr;
  BIO_get_mem_ptr(bio.get(), &memory);
  return write_file_atomically(path, std::string_view(memory->data, memory->length));
}

}  // namespace

Result<TlsContext> make_tls_context(const std::string& ca_path) {
  const Identity authority = TRY(make_identity("lazylfs test authority", nullptr));
  const Identity server = TRY(make_identity("localhost", &authority));
  TRY(write_certificate(ca_path, authority.certificate.get()));
  TlsContext context(SSL_CTX_new(TLS_server_method()));
  if (!context || SSL_CTX_use_certificate(context.get(), server.certificate.get()) != 1 ||
      SSL_CTX_use_PrivateKey(context.get(), server.key.get()) != 1) {
    return Error(Errc::io, "set up TLS");
  }
  SSL_CTX_set_options(context.get(), SSL_OP_IGNORE_UNEXPECTED_EOF);
  return context;
}

}  // namespace lazylfs::server
