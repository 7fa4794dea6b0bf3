//! Passwords that everybody tries first.
//!
//! Lists of leaked passwords are mostly a few hundred words with a decoration: a year, a sign, letters written as
//! digits. So the words are kept and the decoration is taken off, which covers far more than a list of that length.

/// Words that passwords are made of, from many years of published leaks; lower case, decoration removed.
const WORDS: &str = "
    password passwort passwd passphrase motdepasse contrasena senha wachtwoord parola haslo salasana losenord
    admin administrator root user guest login default system server master manager support service test tester testing
    temp demo changeme changeit secret private access letmein openup opensesame welcome willkommen bienvenue hello hallo
    whatever nothing something anything qwerty qwertz azerty asdf zxcv abc abcd abcabc iloveyou ihateyou loveyou loveme
    lovely lover love mylove forever iloveme sweetheart darling honey baby babygirl babyboy princess prince queen king
    angel angels angelo devil dragon monkey donkey tiger lion eagle falcon panther jaguar wolf bear kitty kitten puppy
    doggy horse dolphin dolphins butterfly chicken turtle spider shark cookie cookies cheese chocolate banana orange
    apple cherry peach pepper ginger coffee pizza butter peanut sunshine sunflower flower flowers rainbow summer winter
    spring autumn sommer january february march april june july august september october november december monday
    tuesday wednesday thursday friday saturday sunday football fussball futbol soccer baseball basketball hockey tennis
    golf golfer cricket rugby boxing skate skater surfer racing racecar liverpool chelsea arsenal barcelona realmadrid
    juventus manchester everton celtic rangers yankees lakers cowboys steelers packers eagles redsox bulls raiders
    superman batman spiderman ironman wonderwoman hulk thor joker starwars skywalker darthvader yoda startrek spock
    matrix trinity morpheus neo terminator gandalf frodo hobbit harrypotter hogwarts hermione pokemon pikachu naruto
    goku dragonball mario luigi zelda sonic minecraft fortnite roblox warcraft starcraft counterstrike halo diablo
    michael jordan michelle jennifer jessica ashley amanda daniel david andrew anthony joshua matthew robert thomas
    william charlie george james jackson johnson smith brown taylor martin thompson nicole samantha elizabeth melissa
    stephanie christopher christian patrick richard steven kevin brian justin brandon jonathan nicholas alexander
    alexandra victoria isabella sophia olivia emma hannah maggie molly bailey buster rocky lucky shadow snoopy tigger
    mickey minnie donald garfield scooby winnie elvis beatles metallica nirvana slipknot eminem shakira madonna
    mercedes ferrari porsche mustang corvette camaro harley yamaha honda toyota suzuki ducati bmw audi
    computer internet network windows microsoft google facebook instagram linkedin twitter youtube yahoo hotmail
    samsung nokia iphone android apple123 macbook playstation nintendo xbox company business office
    london paris berlin madrid newyork chicago boston texas california florida america canada germany france england
    ireland scotland australia mexico brazil india china japan
    freedom liberty justice victory peace heaven jesus jesuschrist christ god godisgood blessed faith hope grace
    money dollar cash rich casino poker lottery diamond silver golden gold platinum crystal
    killer hunter ranger sniper soldier warrior ninja samurai viking knight wizard merlin phoenix hacker gangster
    blink bond jamesbond zerocool trustno trustnoone noone nobody anonymous mustangs maverick access enter
    thunder lightning storm hurricane snowball snowman ocean island beach mountain river moon star stars galaxy
    music guitar piano drummer dancer photo photography photographer studio teacher student school lessons
    atelier workspace creative purple yellow black white green blue red pink scarlet bigdog superstar qazwsx
    fuckyou fuckme fuckoff asshole bitch bullshit pussy sexy hottie playboy
";

/// Rows that fingers walk along.
const ROWS: [&str; 8] = [
    "01234567890",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiop",
    "qwertzuiop",
    "azertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "yxcvbnm",
];

/// Walks down the columns of a keyboard, which no row shows.
const ZIGZAGS: [&str; 3] = [
    "1qaz2wsx3edc4rfv5tgb6yhn",
    "1q2w3e4r5t6y7u8i9o0p",
    "qazwsxedcrfvtgbyhnujm",
];

/// Characters of decoration that do not make a common word less common.
const DECORATION: usize = 6;

/// Whether a guesser would come upon it early.
pub(super) fn is_common(password: &str) -> bool {
    let lower = password.to_lowercase();
    is_repetition(&lower)
        || is_walk(&lower)
        || is_date(&lower)
        || [undecorated(&lower), undecorated(&plain_letters(&lower))]
            .into_iter()
            .any(|(core, decoration)| {
                decoration <= DECORATION
                    && (WORDS.split_whitespace().any(|word| word == core) || is_walk(core))
            })
        || is_word_twice(&lower)
}

/// Whether it is little more than one of the person's own words, which are addresses and names.
pub(super) fn repeats(password: &str, own: &[&str]) -> bool {
    let bare = |text: &str| -> String {
        let lower = text.to_lowercase();
        lower.chars().filter(|c| c.is_alphanumeric()).collect()
    };
    let password = bare(password);
    let (core, decoration) = undecorated(&password);
    own.iter()
        .flat_map(|text| {
            let local = text.split_once('@').map_or(*text, |(local, _)| local);
            let parts = local.split(|c: char| !c.is_alphanumeric());
            parts.chain([*text, local]).map(bare).collect::<Vec<_>>()
        })
        .filter(|word| word.chars().count() >= 3)
        .any(|word| password == word || (decoration <= DECORATION && core == word))
}

/// The same few characters over and over: `aaaaaaaa`, `12121212`, `abcdabcd`.
fn is_repetition(text: &str) -> bool {
    let chars: Vec<char> = text.chars().collect();
    (1..=4).any(|period| {
        chars.len() >= period * 2 && chars.iter().zip(&chars[period..]).all(|(a, b)| a == b)
    })
}

/// A walk along rows of the keyboard, the alphabet or the digits, either way: `qwertzui`, `abc12345`, `987654321`.
fn is_walk(text: &str) -> bool {
    let reversed: String = text.chars().rev().collect();
    if text.chars().count() >= 4
        && ZIGZAGS
            .iter()
            .any(|walk| walk.contains(text) || walk.contains(&reversed))
    {
        return true;
    }
    let mut rest: Vec<char> = text.chars().collect();
    while !rest.is_empty() {
        let length = longest_run(&rest);
        if length < 3 {
            return false;
        }
        rest.drain(..length);
    }
    !text.is_empty()
}

/// How many characters from the start lie side by side in a row, in one direction.
fn longest_run(text: &[char]) -> usize {
    let forth = |row: &str| row.chars().collect::<Vec<_>>();
    let back = |row: &str| row.chars().rev().collect::<Vec<_>>();
    ROWS.iter()
        .flat_map(|row| [forth(row), back(row)])
        .flat_map(|row| {
            let runs = (0..row.len()).map(|from| {
                row[from..]
                    .iter()
                    .zip(text)
                    .take_while(|(a, b)| a == b)
                    .count()
            });
            runs.collect::<Vec<_>>()
        })
        .max()
        .unwrap_or(0)
}

/// Eight digits with a year at either end: a birthday.
fn is_date(text: &str) -> bool {
    let year = |part: &str| matches!(part.get(..2), Some("19" | "20"));
    text.len() == 8
        && text.bytes().all(|byte| byte.is_ascii_digit())
        && (year(&text[..4]) || year(&text[4..]))
}

/// A common word said twice: `passpass` is none, `passwordpassword` is.
fn is_word_twice(text: &str) -> bool {
    let half = text.len() / 2;
    text.is_char_boundary(half)
        && text[..half] == text[half..]
        && WORDS.split_whitespace().any(|word| word == &text[..half])
}

/// The letters in the middle, and how many other characters stood around them.
fn undecorated(text: &str) -> (&str, usize) {
    let core = text.trim_matches(|c: char| !c.is_alphabetic());
    (core, text.chars().count() - core.chars().count())
}

/// With the digits and signs that stand for letters turned back, except at the end, where they are decoration.
fn plain_letters(text: &str) -> String {
    let end = text.trim_end_matches(|c: char| !c.is_alphabetic()).len();
    let (word, decoration) = text.split_at(end);
    let letters = word.chars().map(|c| match c {
        '0' => 'o',
        '1' | '!' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        other => other,
    });
    letters.chain(decoration.chars()).collect()
}

#[cfg(test)]
mod tests {
    use super::is_common;

    #[test]
    fn what_everybody_tries_is_common() {
        for password in [
            "password",
            "Password1",
            "P@ssw0rd",
            "passw0rd!",
            "PASSWORD123",
            "12345678",
            "123456789",
            "1234567890",
            "987654321",
            "qwertyuiop",
            "qwerty123",
            "1q2w3e4r",
            "1qaz2wsx",
            "abc12345",
            "abcd1234",
            "aaaaaaaa",
            "11111111",
            "12121212",
            "iloveyou",
            "iloveyou2",
            "Welcome2024!",
            "sunshine",
            "Summer2025",
            "letmein!",
            "football",
            "dragon99",
            "trustno1",
            "monkey12",
            "19850412",
            "12041985",
            "asdfghjkl",
            "zxcvbnm1",
            "qwertzuiop",
            "passwordpassword",
            "!!admin!!",
            "Atelier2026",
            "changeme1",
            "superman",
            "michael1",
            "starwars",
        ] {
            assert!(is_common(password), "{password}");
        }
    }

    #[test]
    fn what_takes_long_to_guess_is_not() {
        for password in [
            "correct horse battery staple",
            "mara keeps seven bees",
            "xK9-bnQ2v",
            "kürbis 7 suppe",
            "dragon-8472938",
            "quiet harbour",
            "74019385520",
            "the dragon sleeps",
        ] {
            assert!(!is_common(password), "{password}");
        }
    }
}
