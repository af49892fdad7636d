//! One SMTP connection: reads commands, answers them, hands complete messages to the server.
//!
//! Strict where leniency would hide a fault of the sender: lines end in CRLF and nothing else, a message ends at
//! CRLF dot CRLF and nothing else, commands come in their order (RFC 5321, sections 2.3.8 and 4.1.4).

use std::io::{Error, ErrorKind, Result};

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};

use super::{Answer, Envelope, Shared, SmtpTls, Stage};

/// Why a conversation stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// By QUIT, or because one side went away.
    Closed,
    /// To go on encrypted.
    StartTls,
}

pub(super) struct Conversation<'a, S> {
    stream: BufReader<S>,
    shared: &'a Shared,
    number: usize,
    encrypted: bool,
    login: Option<String>,
    sender: Option<String>,
    recipients: Vec<String>,
}

impl<'a, S: AsyncRead + AsyncWrite + Unpin> Conversation<'a, S> {
    pub(super) fn new(stream: S, shared: &'a Shared, number: usize, encrypted: bool) -> Self {
        let stream = BufReader::new(stream);
        Self { stream, shared, number, encrypted, login: None, sender: None, recipients: Vec::new() }
    }

    /// What was sent in the clear after STARTTLS stays behind with the buffer, as RFC 3207 section 4.2 demands.
    pub(super) fn into_stream(self) -> S {
        self.stream.into_inner()
    }

    pub(super) async fn greet(&mut self) -> Result<()> {
        self.answer(&Stage::Greeting, "220 mail.test ESMTP").await.map(|_| ())
    }

    pub(super) async fn run(&mut self) -> Result<End> {
        while let Some(line) = self.read_command().await? {
            let (verb, argument) = line.split_once(' ').unwrap_or((&line, ""));
            let verb = verb.to_ascii_uppercase();
            match verb.as_str() {
                "EHLO" => self.offer_extensions().await?,
                "HELO" => self.say("250 mail.test").await?,
                "STARTTLS" if self.may_start_tls() => {
                    self.say("220 2.0.0 go ahead").await?;
                    return Ok(End::StartTls);
                }
                "AUTH" => self.log_in(argument).await?,
                "MAIL" => self.begin_mail(argument).await?,
                "RCPT" => self.add_recipient(argument).await?,
                "DATA" => self.receive_message().await?,
                "RSET" => {
                    self.forget_mail();
                    self.say("250 2.0.0 forgotten").await?;
                }
                "NOOP" => self.say("250 2.0.0 ok").await?,
                "QUIT" => {
                    self.say("221 2.0.0 bye").await?;
                    break;
                }
                _ => self.say("500 5.5.2 not understood").await?,
            }
        }
        Ok(End::Closed)
    }

    fn may_start_tls(&self) -> bool {
        self.shared.options.tls == SmtpTls::StartTls && !self.encrypted
    }

    /// Credentials are offered only where they would not travel in the clear, if this server has encryption at all.
    async fn offer_extensions(&mut self) -> Result<()> {
        let mut lines = vec!["mail.test", "8BITMIME", "ENHANCEDSTATUSCODES"];
        if self.may_start_tls() {
            lines.push("STARTTLS");
        } else if self.shared.options.login.is_some() {
            lines.push("AUTH PLAIN LOGIN");
        }
        let last = lines.len() - 1;
        for (nth, line) in lines.iter().enumerate() {
            let mark = if nth == last { ' ' } else { '-' };
            self.say(&format!("250{mark}{line}")).await?;
        }
        Ok(())
    }

    async fn log_in(&mut self, argument: &str) -> Result<()> {
        let Some((name, password)) = self.shared.options.login.clone() else {
            return self.say("503 5.5.1 no login here").await;
        };
        let given = match argument.split_once(' ').unwrap_or((argument, "")) {
            ("PLAIN", "") => self.ask("").await?,
            ("PLAIN", initial) => initial.to_owned(),
            ("LOGIN", _) => format!("{}\n{}", self.ask("VXNlcm5hbWU6").await?, self.ask("UGFzc3dvcmQ6").await?),
            _ => return self.say("504 5.5.4 mechanism unknown").await,
        };
        let plain = base64(format!("\0{name}\0{password}").as_bytes());
        let login = format!("{}\n{}", base64(name.as_bytes()), base64(password.as_bytes()));
        if given != plain && given != login {
            return self.say("535 5.7.8 wrong name or password").await;
        }
        if self.answer(&Stage::Login, "235 2.7.0 welcome").await? {
            self.login = Some(name);
        }
        Ok(())
    }

    async fn ask(&mut self, challenge: &str) -> Result<String> {
        self.say(&format!("334 {challenge}")).await?;
        self.read_line().await?.ok_or_else(|| Error::from(ErrorKind::UnexpectedEof))
    }

    async fn begin_mail(&mut self, argument: &str) -> Result<()> {
        if self.may_start_tls() {
            return self.say("530 5.7.0 STARTTLS first").await;
        }
        if self.shared.options.login.is_some() && self.login.is_none() {
            return self.say("530 5.7.0 log in first").await;
        }
        if self.sender.is_some() {
            return self.say("503 5.5.1 one mail at a time").await;
        }
        match path("FROM:", argument) {
            Some(sender) => {
                if self.answer(&Stage::Sender, "250 2.1.0 ok").await? {
                    self.sender = Some(sender.to_owned());
                }
                Ok(())
            }
            None => self.say("501 5.5.4 MAIL FROM:<address>").await,
        }
    }

    async fn add_recipient(&mut self, argument: &str) -> Result<()> {
        if self.sender.is_none() {
            return self.say("503 5.5.1 MAIL first").await;
        }
        match path("TO:", argument) {
            Some(recipient) => {
                if self.answer(&Stage::Recipient(recipient.to_owned()), "250 2.1.5 ok").await? {
                    self.recipients.push(recipient.to_owned());
                }
                Ok(())
            }
            None => self.say("501 5.5.4 RCPT TO:<address>").await,
        }
    }

    async fn receive_message(&mut self) -> Result<()> {
        let (Some(from), false) = (self.sender.clone(), self.recipients.is_empty()) else {
            return self.say("503 5.5.1 MAIL and RCPT first").await;
        };
        if !self.answer(&Stage::Data, "354 end with a dot").await? {
            return Ok(());
        }
        let data = self.read_message().await?;
        let to = std::mem::take(&mut self.recipients);
        let (encrypted, login, connection) = (self.encrypted, self.login.clone(), self.number);
        self.forget_mail();
        let envelope = Envelope { from, to, data, encrypted, login, connection };
        match self.shared.scripted(&Stage::Message) {
            Some(Answer::Line(line)) if !line.starts_with('2') => self.say(&line).await,
            Some(Answer::Close) => {
                self.shared.keep(envelope);
                Err(Error::from(ErrorKind::ConnectionAborted))
            }
            _ => {
                self.shared.keep(envelope);
                self.say("250 2.0.0 taken").await
            }
        }
    }

    fn forget_mail(&mut self) {
        self.sender = None;
        self.recipients.clear();
    }

    /// Sends the scripted answer of this stage, or `normal`. True when the answer is a positive one.
    async fn answer(&mut self, stage: &Stage, normal: &str) -> Result<bool> {
        match self.shared.scripted(stage) {
            Some(Answer::Close) => Err(Error::from(ErrorKind::ConnectionAborted)),
            Some(Answer::Line(line)) => {
                self.say(&line).await?;
                Ok(line.starts_with(['2', '3']))
            }
            None => self.say(normal).await.map(|()| true),
        }
    }

    async fn say(&mut self, line: &str) -> Result<()> {
        self.stream.write_all(format!("{line}\r\n").as_bytes()).await?;
        self.stream.flush().await
    }

    async fn read_command(&mut self) -> Result<Option<String>> {
        let line = self.read_line().await?;
        if let Some(line) = &line {
            let shown = if line.to_ascii_uppercase().starts_with("AUTH") { "AUTH" } else { line };
            self.shared.record().commands.push(shown.to_owned());
        }
        Ok(line)
    }

    async fn read_line(&mut self) -> Result<Option<String>> {
        let mut line = Vec::new();
        if self.stream.read_until(b'\n', &mut line).await? == 0 {
            return Ok(None);
        }
        let Some(line) = line.strip_suffix(b"\r\n") else {
            self.say("500 5.5.2 a line ends in CRLF").await?;
            return Err(Error::from(ErrorKind::InvalidData));
        };
        String::from_utf8(line.to_vec()).map(Some).map_err(|_| Error::from(ErrorKind::InvalidData))
    }

    async fn read_message(&mut self) -> Result<Vec<u8>> {
        let (mut message, mut line, mut after_crlf) = (Vec::new(), Vec::new(), true);
        loop {
            line.clear();
            if self.stream.read_until(b'\n', &mut line).await? == 0 {
                return Err(Error::from(ErrorKind::UnexpectedEof));
            }
            if after_crlf && line == b".\r\n" {
                return Ok(message);
            }
            let stuffed = after_crlf && line.starts_with(b".");
            message.extend_from_slice(line.get(usize::from(stuffed)..).unwrap_or_default());
            after_crlf = line.ends_with(b"\r\n");
        }
    }
}

/// The address of `FROM:<a@b> SIZE=1`; the parameters after it are ignored.
fn path<'a>(keyword: &str, argument: &'a str) -> Option<&'a str> {
    let (head, rest) = argument.split_at_checked(keyword.len())?;
    if !head.eq_ignore_ascii_case(keyword) {
        return None;
    }
    rest.trim_start().strip_prefix('<')?.split_once('>').map(|(address, _)| address)
}

fn base64(bytes: &[u8]) -> String {
    data_encoding::BASE64.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::path;

    #[test]
    fn a_path_is_what_stands_between_the_brackets() {
        assert_eq!(path("FROM:", "FROM:<a@example.org> SIZE=12"), Some("a@example.org"));
        assert_eq!(path("TO:", "to: <b@example.org>"), Some("b@example.org"));
        assert_eq!(path("FROM:", "FROM:<>"), Some(""));
        for wrong in ["", "TO", "FROM:a@example.org", "FROM:<a@example.org", "X:<a@example.org>"] {
            assert_eq!(path("FROM:", wrong), None, "{wrong}");
        }
    }
}
