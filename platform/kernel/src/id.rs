//! Identifiers: one transparent UUIDv7 newtype for each kind of thing.

use uuid::Uuid;

/// Makes a fresh UUIDv7: unique, and ordered by the time of its making.
///
/// Every id of ours is born here, so that generated code stays out of the list of banned calls.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "the one place where ids are made"
)]
pub fn new_uuid() -> Uuid {
    Uuid::now_v7()
}

/// How an id looks in the API's description.
#[doc(hidden)]
#[must_use]
pub fn uuid_schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
    utoipa::openapi::ObjectBuilder::new()
        .schema_type(utoipa::openapi::schema::Type::String)
        .format(Some(utoipa::openapi::SchemaFormat::KnownFormat(
            utoipa::openapi::KnownFormat::Uuid,
        )))
        .into()
}

/// Declares an id type: a transparent newtype over [`Uuid`], stored as `uuid`, sent as plain text.
///
/// ```
/// kernel::id!(
///     /// Identifies a gallery.
///     GalleryId
/// );
/// let id = GalleryId::new();
/// assert_eq!(id.to_string().parse::<GalleryId>().unwrap(), id);
/// ```
#[macro_export]
macro_rules! id {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash,
            $crate::reexport::serde::Serialize, $crate::reexport::serde::Deserialize,
        )]
        #[serde(transparent, crate = "kernel::reexport::serde")]
        pub struct $name(pub $crate::reexport::uuid::Uuid);

        impl $name {
            /// Makes a fresh id.
            #[must_use]
            #[expect(clippy::new_without_default, reason = "an id has no default: each is new")]
            pub fn new() -> Self {
                Self($crate::new_uuid())
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                ::std::fmt::Display::fmt(&self.0, f)
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = $crate::reexport::uuid::Error;

            fn from_str(text: &str) -> ::std::result::Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }

        impl From<$crate::reexport::uuid::Uuid> for $name {
            fn from(id: $crate::reexport::uuid::Uuid) -> Self {
                Self(id)
            }
        }

        impl From<$name> for $crate::reexport::uuid::Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl $crate::reexport::sqlx::Type<$crate::reexport::sqlx::Postgres> for $name {
            fn type_info() -> $crate::reexport::sqlx::postgres::PgTypeInfo {
                <$crate::reexport::uuid::Uuid as $crate::reexport::sqlx::Type<$crate::reexport::sqlx::Postgres>>::type_info()
            }
        }

        impl $crate::reexport::sqlx::postgres::PgHasArrayType for $name {
            fn array_type_info() -> $crate::reexport::sqlx::postgres::PgTypeInfo {
                <$crate::reexport::uuid::Uuid as $crate::reexport::sqlx::postgres::PgHasArrayType>::array_type_info()
            }
        }

        impl $crate::reexport::sqlx::Encode<'_, $crate::reexport::sqlx::Postgres> for $name {
            fn encode_by_ref(
                &self,
                buf: &mut $crate::reexport::sqlx::postgres::PgArgumentBuffer,
            ) -> ::std::result::Result<$crate::reexport::sqlx::encode::IsNull, $crate::reexport::sqlx::error::BoxDynError> {
                $crate::reexport::sqlx::Encode::<$crate::reexport::sqlx::Postgres>::encode_by_ref(&self.0, buf)
            }
        }

        impl<'r> $crate::reexport::sqlx::Decode<'r, $crate::reexport::sqlx::Postgres> for $name {
            fn decode(
                value: $crate::reexport::sqlx::postgres::PgValueRef<'r>,
            ) -> ::std::result::Result<Self, $crate::reexport::sqlx::error::BoxDynError> {
                $crate::reexport::sqlx::Decode::<$crate::reexport::sqlx::Postgres>::decode(value).map(Self)
            }
        }

        impl $crate::reexport::utoipa::PartialSchema for $name {
            fn schema() -> $crate::reexport::utoipa::openapi::RefOr<$crate::reexport::utoipa::openapi::schema::Schema> {
                $crate::uuid_schema()
            }
        }

        impl $crate::reexport::utoipa::ToSchema for $name {}
    };
}

id!(
    /// Identifies a tenant: one customer of the platform, one studio or school.
    TenantId
);
id!(
    /// Identifies a person, over all tenants.
    UserId
);
id!(
    /// Identifies a person's place in one tenant.
    MembershipId
);
id!(
    /// Identifies a role of one tenant.
    RoleId
);
