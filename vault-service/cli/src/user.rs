//! `user`: people who log in with a password.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use sallyport_model::Username;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use crate::error::Error;
use crate::login::ME;
use crate::names::{self, Named};
use crate::output::Output;
use crate::request::{Fields, Request, parse};
use crate::secret_input::{self, Prompt, Wanted};
use crate::secret_value::PASSWORD;
use crate::session::OrganizationSession;
use crate::storing::created;
use crate::writing::{Destroying, Writing};

const WHAT: &str = "user";

/// The password one has, when one's own is changed.
const OLD_PASSWORD: Wanted = Wanted {
    what: "old password",
    option: "--old-password-file",
    prompt: Prompt::Once,
    ..PASSWORD
};

/// The verbs.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Create a user
    #[command(after_help = "Example:\n  sallyport user create ada --password-file -")]
    Create {
        /// 2 to 64 ASCII letters, digits and . _ - @ +, starting with a letter or digit
        username: Username,
        #[command(flatten)]
        password: NewPassword,
        /// Let the user do everything in the organization and those below it
        #[arg(long)]
        administrator: bool,
        #[command(flatten)]
        writing: Writing,
    },
    /// List the users of the organization
    #[command(after_help = "Example:\n  sallyport user list")]
    List,
    /// Give yourself, or as an administrator somebody else, a new password
    ///
    /// Your own takes the old one too.
    #[command(after_help = "Example:\n  sallyport user set-password\n  \
                      sallyport user set-password ada --password-file -")]
    SetPassword {
        /// User name or id [default: yourself]
        username: Option<String>,
        /// For your own: file with the password you have now, `-` for stdin [default: a prompt]
        #[arg(long, value_name = "FILE")]
        old_password_file: Option<PathBuf>,
        #[command(flatten)]
        password: NewPassword,
        #[command(flatten)]
        writing: Writing,
    },
    /// Delete a user with all permissions and grants
    #[command(after_help = "Example:\n  sallyport user delete ada --yes")]
    Delete {
        /// User name or id
        username: String,
        #[command(flatten)]
        destroying: Destroying,
    },
}

/// A password that is set.
#[derive(Args)]
pub(crate) struct NewPassword {
    /// File with the password, `-` for stdin; one newline at its end is dropped [default: a prompt]
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

/// Who one is.
#[derive(Deserialize)]
struct Me {
    id: Uuid,
    name: String,
}

/// Runs a verb.
pub(crate) fn run(command: Command, output: Output) -> Result<(), Error> {
    let mut session = OrganizationSession::open()?;
    match command {
        Command::Create {
            username,
            password,
            administrator,
            writing,
        } => {
            let password = secret_input::read(password.password_file.as_ref(), PASSWORD)?;
            let fields = Fields::default()
                .plain("username", username.as_str())
                .secret("password", password)
                .plain("administrator", administrator);
            let request = Request::post(users(&session), fields);
            match writing.send(&mut session, &request, output)? {
                Some(answer) => created(&request.path, WHAT, username.as_str(), &answer, output),
                None => Ok(()),
            }
        }
        Command::List => list(&mut session, output),
        Command::SetPassword {
            username,
            old_password_file,
            password,
            writing,
        } => {
            let (old, new) = (old_password_file.as_ref(), password.password_file.as_ref());
            secret_input::check_one_stdin(&[old, new])?;
            let (named, own) = self_or(&mut session, username.as_deref())?;
            let mut fields = Fields::default();
            if own {
                let old = secret_input::read(old, OLD_PASSWORD)?;
                fields = fields.secret("oldPassword", old);
            } else if old.is_some() {
                return Err(Error::Flag {
                    flag: OLD_PASSWORD.option,
                    reason: "is for your own password".into(),
                });
            }
            let fields = fields.secret("password", secret_input::read(new, PASSWORD)?);
            let path = format!("{}/{}/password", users(&session), named.id);
            let request = Request::put(path, fields);
            match writing.send(&mut session, &request, output)? {
                Some(_) => output.done(
                    &json!({"id": named.id, "name": named.name}),
                    &format!("User {named} has a new password"),
                ),
                None => Ok(()),
            }
        }
        Command::Delete {
            username,
            destroying,
        } => {
            let id = find(&mut session, &username)?;
            let request = Request::delete(format!("{}/{id}", users(&session)));
            let question = format!("Delete {WHAT} {username} ({id})?");
            match destroying.send(&mut session, &request, &question, output)? {
                Some(_) => output.done(
                    &json!({"id": id, "name": username}),
                    &format!("Deleted {WHAT} {username}"),
                ),
                None => Ok(()),
            }
        }
    }
}

/// The id of a user, by user name or id.
pub(crate) fn find(session: &mut OrganizationSession, wanted: &str) -> Result<Uuid, Error> {
    let list = users(session);
    names::find(session, WHAT, wanted, &list)
}

/// Not everybody may list users, but everybody may know themselves; also whether it is oneself.
fn self_or(
    session: &mut OrganizationSession,
    wanted: Option<&str>,
) -> Result<(Named, bool), Error> {
    let me = session.client.get(ME)?;
    let me = parse::<Me>(ME, &me)?;
    match wanted {
        Some(wanted) if wanted != me.name && wanted != me.id.to_string() => {
            let list = users(session);
            let named = names::find_named(session, WHAT, wanted, &list)?;
            let own = named.id == me.id;
            Ok((named, own))
        }
        _ => {
            let named = Named {
                id: me.id,
                name: me.name,
            };
            Ok((named, true))
        }
    }
}

fn list(session: &mut OrganizationSession, output: Output) -> Result<(), Error> {
    let answer = session.client.list(&users(session))?;
    output.items(
        &answer,
        &[
            ("USER NAME", "/username"),
            ("ADMINISTRATOR", "/administrator"),
            ("CREATED", "/createdAt"),
            ("ID", "/id"),
        ],
        "No users. Create one: sallyport user create USERNAME",
    )
}

fn users(session: &OrganizationSession) -> String {
    session.of_organization("/users")
}
