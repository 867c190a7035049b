//! Examples of Rails that are about guards.

use crate::frameworks::Example;

/// Devise, constraints and concerns of routes.
pub(super) const DEVISE: Example = Example {
    title: "Devise, constraints and concerns of routes",
    files: &[
        (
            "config/routes.rb",
            r#"
require "sidekiq/web"

Rails.application.routes.draw do
  concern :commentable do
    resources :comments, only: [:index]
  end

  devise_for :users, path: "", path_names: { sign_in: "login", sign_out: "logout" },
                     controllers: { sessions: "users/sessions" }

  authenticate :user, ->(user) { user.admin? } do
    mount Sidekiq::Web => "/sidekiq"
    get "/stats", to: "stats#index"
  end

  scope "(:locale)", locale: /en|de/ do
    resources :photos, only: [:index], concerns: :commentable
  end

  constraints subdomain: "admin" do
    get "dashboard", to: "admin/dashboard#show"
  end

  %w[about terms].each do |page|
    get page, to: "pages##{page}"
  end
  get "/old", to: redirect("/new")
  match "/search", to: "search#run", via: [:get, :post]
end
"#,
        ),
        (
            "app/models/user.rb",
            "class User < ApplicationRecord\n  \
                 devise :database_authenticatable, :registerable, :validatable\nend\n",
        ),
        (
            "app/controllers/application_controller.rb",
            "class ApplicationController < ActionController::Base\n  \
                 before_action :authenticate_user!\nend\n",
        ),
        (
            "app/controllers/users/sessions_controller.rb",
            "class Users::SessionsController < Devise::SessionsController\nend\n",
        ),
        (
            "app/controllers/pages_controller.rb",
            "class PagesController < ApplicationController\n  \
                 skip_before_action :authenticate_user!\nend\n",
        ),
        (
            "app/controllers/photos_controller.rb",
            "class PhotosController < ApplicationController\nend\n",
        ),
        (
            "app/controllers/comments_controller.rb",
            "class CommentsController < ApplicationController\n  \
                 before_action :authenticate_user!, except: [:index]\nend\n",
        ),
        (
            "app/controllers/admin/dashboard_controller.rb",
            r#"
module Admin
  class DashboardController < ApplicationController
    before_action -> { head :forbidden unless current_user.staff? }
  end
end
"#,
        ),
        (
            "app/controllers/search_controller.rb",
            "class SearchController < ApplicationController\n  \
                 http_basic_authenticate_with name: 'a', password: ENV['P']\nend\n",
        ),
    ],
    routes: &[
        "GET /login none",
        "POST /login none",
        "DELETE /logout none",
        "GET /cancel none",
        "GET /sign_up none",
        "GET /edit required",
        "PATCH / required",
        "PUT / required",
        "DELETE / required",
        "POST / none",
        "GET /stats required",
        "GET /photos required",
        "GET /{locale}/photos required",
        "GET /photos/{photo_id}/comments none",
        "GET /{locale}/photos/{photo_id}/comments none",
        "GET /dashboard required",
        "GET /about none",
        "GET /terms none",
        "GET /old none",
        "GET /search required",
        "POST /search required",
    ],
};

/// A generated authentication concern.
pub(super) const GENERATED: Example = Example {
    title: "a generated authentication concern, modules, scopes and a local method",
    files: &[
        (
            "config/routes.rb",
            r#"
API_VERSION = "v2".freeze

Rails.application.routes.draw do
  def exportable
    get :export, on: :collection
  end

  scope path: "/api/#{API_VERSION}", module: "api/v2", as: :api do
    resources :invoices, only: [:index] do
      exportable
      scope module: :invoices do
        resources :payments, only: [:create]
      end
    end
    resource :session, only: %i[create destroy], controller: "sessions"
    with_options only: [:show] do
      resources :customers, path: "clients"
      resources :suppliers
    end
    controller :ping do
      get "ping" => :pong
    end
  end
end
"#,
        ),
        (
            "app/controllers/concerns/authentication.rb",
            r#"
module Authentication
  extend ActiveSupport::Concern

  included do
    before_action :require_authentication
    helper_method :authenticated?
  end

  class_methods do
    def allow_unauthenticated_access(**options)
      skip_before_action :require_authentication, **options
    end
  end

  private
    def authenticated?
      resume_session
    end

    def require_authentication
      resume_session || request_authentication
    end

    def resume_session
      Current.session ||= find_session_by_cookie
    end

    def request_authentication
      redirect_to new_session_path
    end
end
"#,
        ),
        (
            "app/controllers/application_controller.rb",
            "class ApplicationController < ActionController::Base\n  include Authentication\n\
                 end\n",
        ),
        (
            "app/controllers/api/v2/sessions_controller.rb",
            "class Api::V2::SessionsController < ApplicationController\n  \
                 allow_unauthenticated_access only: %i[ new create ]\nend\n",
        ),
        (
            "app/controllers/api/v2/invoices_controller.rb",
            "class Api::V2::InvoicesController < ApplicationController\nend\n",
        ),
        (
            "app/controllers/api/v2/invoices/payments_controller.rb",
            "module Api::V2\n  class Invoices::PaymentsController < ApplicationController\n  \
                 end\nend\n",
        ),
        (
            "app/controllers/api/v2/customers_controller.rb",
            "module Api\n  module V2\n    class CustomersController < ApplicationController\n      \
                 allow_unauthenticated_access\n    end\n  end\nend\n",
        ),
        (
            "app/controllers/api/v2/ping_controller.rb",
            "class Api::V2::PingController < ActionController::Base\nend\n",
        ),
    ],
    routes: &[
        "GET /api/v2/invoices required",
        "GET /api/v2/invoices/export required",
        "POST /api/v2/invoices/{invoice_id}/payments required",
        "POST /api/v2/session none",
        "DELETE /api/v2/session required",
        "GET /api/v2/clients/{id} none",
        "GET /api/v2/suppliers/{id} none",
        "GET /api/v2/ping none",
    ],
};

/// Filters that are no guards.
pub(super) const FILTERS: Example = Example {
    title: "filters that are no guards, and a guard by what it calls",
    files: &[
        (
            "config/routes.rb",
            r#"
Rails.application.routes.draw do
  resources :boards, only: %i[index show create update] do
    member { patch :move }
  end
  resources :widgets, only: [:index, :create]
  resource :password_reset, only: [:new]
end
"#,
        ),
        (
            "app/controllers/application_controller.rb",
            r#"
class ApplicationController < ActionController::Base
  protect_from_forgery with: :exception
  before_action :set_locale, :set_current_user, :turn_away_banned

  private

  def turn_away_banned
    head :forbidden if Current.user&.banned?
  end

  def set_current_user
    Current.user = User.find_by(id: session[:user_id])
  end

  def check_in
    bounce unless Current.user
  end

  def bounce
    respond_to do |format|
      format.json { head :unauthorized }
    end
  end

  def redirect_if_signed_in
    redirect_to root_path if current_user
  end
end
"#,
        ),
        (
            "app/controllers/boards_controller.rb",
            r#"
class BoardsController < ApplicationController
  before_action :check_in, only: [:create, :update]
  before_action only: :move do
    raise ActiveRecord::RecordNotFound unless Current.user&.admin?
  end
end
"#,
        ),
        (
            "app/controllers/widgets_controller.rb",
            r#"
class WidgetsController < ApplicationController
  before_action :check_in, unless: :open?

  private

  def open?
    %w[index].include?(action_name)
  end
end
"#,
        ),
        (
            "app/controllers/password_resets_controller.rb",
            "class PasswordResetsController < ApplicationController\n  \
                 before_action :redirect_if_signed_in\nend\n",
        ),
    ],
    routes: &[
        "GET /boards none",
        "GET /boards/{id} none",
        "POST /boards required",
        "PATCH /boards/{id} required",
        "PUT /boards/{id} required",
        "PATCH /boards/{id}/move required",
        "GET /widgets none",
        "POST /widgets required",
        "GET /password_reset/new none",
    ],
};

/// Guards that are called with something, lent by modules, or soft.
pub(super) const CALLED: Example = Example {
    title: "guards that are called with something, lent by modules, or soft",
    files: &[
        (
            "backend/config/routes.rb",
            r#"
Rails.application.routes.draw do
  shared = lambda do
    get :audit
  end
  scope "v3/orgs", controller: :orgs do
    get "/", action: :index
    scope ":org_id" do
      get "/", to: "orgs#show"
      resources :teams, only: :index, module: :orgs
    end
    scope :meta, &shared
  end
  shallow do
    resources :wallets, only: [:index, :create] do
      resources :entries, only: %i(index destroy)
    end
  end
  resources :keys, only: %i[index create]
  get "(*all)", to: "landing#index"
end
"#,
        ),
        (
            "backend/app/controllers/application_controller.rb",
            r#"
class ApplicationController < ActionController::API
  before_action :authenticate!

  def authenticate!
    @current_user = User.find(Token.decode(bearer)["sub"])
  rescue Token::Invalid
    problem(:unauthenticated)
  end

  def maybe_authenticate
    @current_user = User.from(bearer) if bearer
  end

  def require_scope(scope)
    problem(:missing, status: 403) unless @current_user.scopes.include?(scope)
  end
end
"#,
        ),
        (
            "backend/app/controllers/all.rb",
            r#"
class OrgsController < ApplicationController
  skip_before_action :authenticate!, unless: -> { action_name == "show" }
end

module Orgs
  class TeamsController < ::ApplicationController
    def authenticate! = true
  end
end

class WalletsController < ApplicationController
  skip_before_action :authenticate!, only: :index
  before_action :maybe_authenticate, only: :index
end

class EntriesController < ApplicationController
  skip_before_action :authenticate!
  before_action -> { require_scope "ledger" }, only: :destroy
end

class KeysController < ActionController::API
  include KeyAuth
  prepend_before_action :authenticate_with_key, only: %i[create]
  prepend_before_action :authenticate_with_key!, only: %i[index]
end

class LandingController < ActionController::Base
end
"#,
        ),
        (
            "backend/app/controllers/concerns/key_auth.rb",
            r#"
module KeyAuth
  extend ActiveSupport::Concern

  def authenticate_with_key!
    @key = authenticate_or_request_with_http_token { |token, _| ApiKey.find_by(token: token) }
  end

  def authenticate_with_key
    @key = authenticate_with_http_token { |token, _| ApiKey.find_by(token: token) }
  end
end
"#,
        ),
    ],
    routes: &[
        "GET /v3/orgs none",
        "GET /v3/orgs/{org_id} required",
        "GET /v3/orgs/{org_id}/teams none",
        "GET /v3/orgs/meta/audit none",
        "GET /wallets none",
        "POST /wallets required",
        "GET /wallets/{wallet_id}/entries none",
        "DELETE /entries/{id} required",
        "GET /keys required",
        "POST /keys none",
        "GET / none",
        "GET /{all} none",
    ],
};
