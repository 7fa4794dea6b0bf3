//! How the blog's own words are stored.

/// Stores an enum as text by its `as_str` and `parse`. A `check` of its table names the same words.
macro_rules! stored_as_text {
    ($name:ty) => {
        impl sqlx::Type<sqlx::Postgres> for $name {
            fn type_info() -> sqlx::postgres::PgTypeInfo {
                <str as sqlx::Type<sqlx::Postgres>>::type_info()
            }
        }

        impl sqlx::Encode<'_, sqlx::Postgres> for $name {
            fn encode_by_ref(
                &self,
                buf: &mut sqlx::postgres::PgArgumentBuffer,
            ) -> Result<sqlx::encode::IsNull, sqlx::error::BoxDynError> {
                <&str as sqlx::Encode<sqlx::Postgres>>::encode(self.as_str(), buf)
            }
        }

        impl<'r> sqlx::Decode<'r, sqlx::Postgres> for $name {
            fn decode(
                value: sqlx::postgres::PgValueRef<'r>,
            ) -> Result<Self, sqlx::error::BoxDynError> {
                let text = <&str as sqlx::Decode<sqlx::Postgres>>::decode(value)?;
                Self::parse(text)
                    .ok_or_else(|| format!("{text} is no {}", stringify!($name)).into())
            }
        }
    };
}

stored_as_text!(crate::posts::Status);
stored_as_text!(crate::posts::Visibility);
stored_as_text!(crate::posts::versions::Reason);
stored_as_text!(crate::review::NoteKind);
stored_as_text!(crate::settings::FeedContent);
stored_as_text!(crate::series::OrderMode);
stored_as_text!(crate::comments::Mode);
stored_as_text!(crate::comments::Moderation);
stored_as_text!(crate::comments::Status);
stored_as_text!(crate::redirects::Kind);
stored_as_text!(crate::redirects::QueryRule);
