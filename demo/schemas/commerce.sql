-- The demo's shop on MariaDB: translations in their own table, money in minor units, soft deletes,
-- the e-mail address in two tables, and triggers that tidy what is written.

CREATE TABLE country (
    code  char(2) PRIMARY KEY,
    name  varchar(60) NOT NULL
);

CREATE TABLE customer (
    id                 bigint AUTO_INCREMENT PRIMARY KEY,
    customer_number    varchar(16) NOT NULL UNIQUE,
    company_name       varchar(120),
    first_name         varchar(60),
    last_name          varchar(80),
    email              varchar(120) NOT NULL,
    phone              varchar(40),
    vat_id             varchar(30),
    marketing_consent  tinyint(1) NOT NULL DEFAULT 0,
    plan_code          varchar(20),
    account_status     enum('active', 'blocked') NOT NULL DEFAULT 'active',
    loyalty_points     int NOT NULL DEFAULT 0,
    hub_id             char(36),
    created_at         datetime(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
    updated_at         datetime(6) NOT NULL,
    deleted_at         datetime(3)
);

CREATE TABLE login (
    id           bigint AUTO_INCREMENT PRIMARY KEY,
    customer_id  bigint NOT NULL UNIQUE,
    identifier   varchar(120) NOT NULL,
    last_login   datetime(6),
    FOREIGN KEY (customer_id) REFERENCES customer (id) ON DELETE CASCADE
);

CREATE TABLE customer_address (
    id            bigint AUTO_INCREMENT PRIMARY KEY,
    customer_id   bigint NOT NULL,
    is_billing    tinyint(1) NOT NULL DEFAULT 0,
    line1         varchar(120) NOT NULL,
    line2         varchar(120),
    zip           varchar(12) NOT NULL,
    city          varchar(60) NOT NULL,
    country_code  char(2) NOT NULL,
    updated_at    datetime(6) NOT NULL,
    KEY (customer_id),
    FOREIGN KEY (customer_id) REFERENCES customer (id) ON DELETE CASCADE,
    FOREIGN KEY (country_code) REFERENCES country (code)
);

CREATE TABLE customer_credit (
    customer_id    bigint NOT NULL,
    entity_code    varchar(8) NOT NULL,
    currency_code  char(3) NOT NULL,
    limit_minor    bigint NOT NULL,
    used_minor     bigint NOT NULL DEFAULT 0,
    updated_at     datetime(6) NOT NULL,
    PRIMARY KEY (customer_id, entity_code),
    FOREIGN KEY (customer_id) REFERENCES customer (id) ON DELETE CASCADE
);

CREATE TABLE category (
    id    int AUTO_INCREMENT PRIMARY KEY,
    slug  varchar(40) NOT NULL UNIQUE,
    name  varchar(80) NOT NULL
);

CREATE TABLE product_variant (
    id               bigint AUTO_INCREMENT PRIMARY KEY,
    sku              varchar(40) NOT NULL,
    gtin             varchar(14),
    category_id      int,
    enabled          tinyint(1) NOT NULL DEFAULT 1,
    lifecycle        varchar(12) NOT NULL DEFAULT 'active',
    weight_grams     int,
    gl_account_code  varchar(12),
    hub_id           char(36),
    created_at       datetime(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
    updated_at       datetime(6) NOT NULL,
    deleted_at       datetime(3),
    KEY (sku),
    KEY (category_id),
    FOREIGN KEY (category_id) REFERENCES category (id) ON DELETE SET NULL
);

CREATE TABLE product_variant_translation (
    id             bigint AUTO_INCREMENT PRIMARY KEY,
    variant_id     bigint NOT NULL,
    language_code  varchar(5) NOT NULL,
    title          varchar(160) NOT NULL,
    updated_at     datetime(6) NOT NULL,
    UNIQUE (variant_id, language_code),
    FOREIGN KEY (variant_id) REFERENCES product_variant (id) ON DELETE CASCADE
);

CREATE TABLE channel (
    id    int PRIMARY KEY,
    code  varchar(30) NOT NULL UNIQUE
);

CREATE TABLE variant_price (
    id             bigint AUTO_INCREMENT PRIMARY KEY,
    variant_id     bigint NOT NULL,
    channel_id     int NOT NULL,
    currency_code  char(3) NOT NULL,
    min_quantity   int NOT NULL DEFAULT 1,
    amount_minor   int NOT NULL,
    updated_at     datetime(6) NOT NULL,
    UNIQUE (variant_id, channel_id, currency_code, min_quantity),
    FOREIGN KEY (variant_id) REFERENCES product_variant (id) ON DELETE CASCADE,
    FOREIGN KEY (channel_id) REFERENCES channel (id)
);

CREATE TABLE stock_level (
    variant_id      bigint NOT NULL,
    warehouse_code  varchar(8) NOT NULL,
    on_hand         int NOT NULL,
    reserved        int NOT NULL DEFAULT 0,
    updated_at      datetime(6) NOT NULL,
    PRIMARY KEY (variant_id, warehouse_code),
    FOREIGN KEY (variant_id) REFERENCES product_variant (id) ON DELETE CASCADE
);

CREATE TRIGGER customer_tidy_insert BEFORE INSERT ON customer FOR EACH ROW
    SET NEW.phone = REGEXP_REPLACE(NEW.phone, '[^0-9+]', '');
CREATE TRIGGER customer_tidy_update BEFORE UPDATE ON customer FOR EACH ROW
    SET NEW.phone = REGEXP_REPLACE(NEW.phone, '[^0-9+]', '');
CREATE TRIGGER address_tidy_insert BEFORE INSERT ON customer_address FOR EACH ROW
    SET NEW.zip = UPPER(TRIM(NEW.zip)), NEW.country_code = UPPER(NEW.country_code);
CREATE TRIGGER address_tidy_update BEFORE UPDATE ON customer_address FOR EACH ROW
    SET NEW.zip = UPPER(TRIM(NEW.zip)), NEW.country_code = UPPER(NEW.country_code);

INSERT INTO country (code, name) VALUES
    ('AT', 'Austria'), ('CH', 'Switzerland'), ('DE', 'Germany'), ('FR', 'France'),
    ('GB', 'United Kingdom');
INSERT INTO channel (id, code) VALUES (1, 'web-std'), (2, 'web-wholesale');
