//! What went wrong on the way to the factory, as a person gets it: code, values, remedies.

use crate::client::FactoryError;
use crete_fetch::{FetchError, NoWay, ProxyFault, TlsFault};
use crete_model::{ErrorCode, Params, Problem, Remedy, params};

impl FactoryError {
    /// The error as a person gets it.
    #[must_use]
    pub fn problem(&self) -> Problem {
        match self {
            Self::BadAddress { text } => {
                Problem::new(ErrorCode::Setting, params! { "setting" => "factory_url" })
                    .with_detail(text)
                    .with_remedy(Remedy::OpenSettings)
            }
            Self::NotAFactory { host, words } => no_factory(host, words),
            Self::Fetch(error) => way_problem(error).unwrap_or_else(|| {
                Problem::new(ErrorCode::Internal, Params::new())
                    .with_detail(error.to_string())
                    .with_remedy(Remedy::Report)
            }),
        }
    }
}

/// The problem of the way to the factory or of its answer; `None` for an error that is about a
/// file on this computer.
#[must_use]
pub fn way_problem(error: &FetchError) -> Option<Problem> {
    let host_only = |code, host: &str| away(code, params! { "host" => host });
    let problem = match error {
        FetchError::UnknownHost { host, words } => {
            host_only(ErrorCode::FactoryUnknownHost, host).with_detail(words)
        }
        FetchError::Unreachable { host, way, words } => {
            let code = match way {
                NoWay::Refused | NoWay::Closed => ErrorCode::FactoryUnreachable,
                NoWay::NoNetwork => ErrorCode::Offline,
                NoWay::Silent => ErrorCode::FactorySilent,
            };
            host_only(code, host).with_detail(words)
        }
        FetchError::NoAnswer { host, waited } => away(
            ErrorCode::FactorySilent,
            params! { "host" => host, "seconds" => waited.as_secs() },
        ),
        FetchError::Tls { host, fault, words } => tls_problem(host, fault).with_detail(words),
        FetchError::Downgraded { host, to } => Problem::new(
            ErrorCode::InsecureRedirect,
            params! { "host" => host, "to" => to },
        )
        .with_remedy(Remedy::OpenSettings)
        .with_remedy(Remedy::Retry),
        FetchError::Proxy {
            proxy,
            fault,
            words,
        } => proxy_problem(proxy, *fault).with_detail(words),
        FetchError::SignIn {
            host,
            portal,
            title,
        } => Problem::new(
            ErrorCode::CaptivePortal,
            params! { "host" => host, "portal" => portal, "title" => title },
        )
        .with_remedy(Remedy::SignInToNetwork)
        .with_remedy(Remedy::Retry),
        FetchError::NotHttp { host, words } => no_factory(host, words),
        other => return answer_problem(other),
    };
    Some(problem)
}

/// The problem of an answer that came.
fn answer_problem(error: &FetchError) -> Option<Problem> {
    let problem = match error {
        FetchError::NotTheFile { host, fault, .. } => Problem::new(
            ErrorCode::NotTheFile,
            params! { "host" => host, "fault" => wire_name(*fault) },
        ),
        FetchError::NotThere { text, .. } => Problem::new(
            ErrorCode::FactoryRefused,
            params! { "status" => 404, "text" => text },
        ),
        FetchError::LinkRefused { host, status, .. } => Problem::new(
            ErrorCode::LinkRefused,
            params! { "host" => host, "status" => status },
        ),
        FetchError::Refused {
            host,
            retry_after: Some(wait),
            ..
        } if !wait.is_zero() => Problem::new(
            ErrorCode::FactoryAsksToWait,
            params! { "host" => host, "seconds" => wait.as_secs() },
        ),
        FetchError::Refused { status, text, .. } => Problem::new(
            ErrorCode::FactoryRefused,
            params! { "status" => status, "text" => text },
        ),
        FetchError::Interrupted { received, expected } => Problem::new(
            ErrorCode::DownloadInterrupted,
            params! { "received" => received, "expected" => expected.unwrap_or(0) },
        ),
        FetchError::Stalled {
            waited,
            received,
            expected,
            ..
        } => Problem::new(
            ErrorCode::DownloadStalled,
            params! {
                "seconds" => waited.as_secs(),
                "received" => received,
                "expected" => expected.unwrap_or(0),
            },
        ),
        _ => return None,
    };
    Some(
        problem
            .with_detail(error.to_string())
            .with_remedy(Remedy::Retry),
    )
}

/// The factory cannot be reached: trying again, practice and the settings may help.
fn away(code: ErrorCode, params: Params) -> Problem {
    Problem::new(code, params)
        .with_remedy(Remedy::Retry)
        .with_remedy(Remedy::EnterPractice)
        .with_remedy(Remedy::OpenSettings)
}

fn no_factory(host: &str, words: &str) -> Problem {
    Problem::new(ErrorCode::NotAFactory, params! { "host" => host })
        .with_detail(words)
        .with_remedy(Remedy::OpenSettings)
        .with_remedy(Remedy::SignInToNetwork)
        .with_remedy(Remedy::EnterPractice)
}

fn tls_problem(host: &str, fault: &TlsFault) -> Problem {
    let of = |code| Problem::new(code, params! { "host" => host });
    match fault {
        TlsFault::UnknownIssuer { issuer } => Problem::new(
            ErrorCode::CertificateIssuer,
            params! { "host" => host, "issuer" => issuer },
        )
        .with_remedy(Remedy::AddCertificate {
            issuer: issuer.clone(),
        })
        .with_remedy(Remedy::OpenSettings)
        .with_remedy(Remedy::SignInToNetwork),
        TlsFault::Expired => of(ErrorCode::CertificateExpired).with_remedy(Remedy::CheckClock),
        TlsFault::NotYetValid => {
            of(ErrorCode::CertificateNotYetValid).with_remedy(Remedy::CheckClock)
        }
        TlsFault::WrongName { names } => Problem::new(
            ErrorCode::CertificateName,
            params! { "host" => host, "names" => names },
        )
        .with_remedy(Remedy::SignInToNetwork)
        .with_remedy(Remedy::OpenSettings),
        TlsFault::NotTls => of(ErrorCode::NotTls)
            .with_remedy(Remedy::SignInToNetwork)
            .with_remedy(Remedy::OpenSettings),
        TlsFault::Other => of(ErrorCode::FactoryTls).with_remedy(Remedy::OpenSettings),
    }
    .with_remedy(Remedy::Retry)
}

fn proxy_problem(proxy: &str, fault: ProxyFault) -> Problem {
    let code = match fault {
        ProxyFault::UnknownHost | ProxyFault::Unreachable => ErrorCode::ProxyUnreachable,
        ProxyFault::SignIn => ErrorCode::ProxySignIn,
        ProxyFault::Refuses => ErrorCode::ProxyRefuses,
        ProxyFault::NotAProxy => ErrorCode::NotAProxy,
    };
    Problem::new(code, params! { "proxy" => proxy })
        .with_remedy(Remedy::OpenSettings)
        .with_remedy(Remedy::Retry)
}

/// A value's name on the wire, for use as a parameter.
fn wire_name<T: serde::Serialize>(value: T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => name,
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_looks_into_tls_is_named_and_the_remedy_is_their_certificate() {
        let fault = TlsFault::UnknownIssuer {
            issuer: "Acme Inspection CA".into(),
        };
        let problem = tls_problem("factory.example", &fault);
        assert_eq!(problem.code, ErrorCode::CertificateIssuer);
        assert_eq!(problem.params["issuer"], "Acme Inspection CA");
        assert!(
            matches!(&problem.remedies[0], Remedy::AddCertificate { issuer } if issuer == "Acme Inspection CA")
        );
    }

    #[test]
    fn an_error_about_a_file_here_is_none_of_the_factorys() {
        assert!(way_problem(&FetchError::Cancelled).is_none());
    }
}
