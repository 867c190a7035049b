//! Examples of Rails, which are also its tests.

use crate::frameworks::Example;

pub(super) static EXAMPLES: &[Example] = &[
    Example {
        title: "resources with forms, and filters of a parent",
        files: &[
            (
                "config/routes.rb",
                r#"
Rails.application.routes.draw do
  root "articles#index"
  get "up" => "rails/health#show", as: :rails_health_check
  resources :articles do
    resources :comments, only: %i[create destroy]
    member do
      post :publish
    end
    get :archive, on: :collection
  end
  resource :profile, only: [:show, :update]
  get "/login", to: "sessions#new"
  post "/login", to: "sessions#create"
  delete "/logout" => "sessions#destroy"
end
"#,
            ),
            (
                "app/controllers/application_controller.rb",
                r#"
class ApplicationController < ActionController::Base
  before_action :require_login

  private

  def require_login
    redirect_to login_path unless current_user
  end

  def current_user
    @current_user ||= User.find_by(id: session[:user_id])
  end
end
"#,
            ),
            (
                "app/controllers/articles_controller.rb",
                r#"
class ArticlesController < ApplicationController
  skip_before_action :require_login, only: [:index, :show, :archive]
  before_action :set_article, only: %i[show edit update destroy publish]

  def index; end

  private

  def set_article
    @article = Article.find(params[:id])
  end
end
"#,
            ),
            (
                "app/controllers/sessions_controller.rb",
                "class SessionsController < ApplicationController\n  \
                 skip_before_action :require_login, except: :destroy\nend\n",
            ),
            (
                "app/controllers/comments_controller.rb",
                "class CommentsController < ApplicationController; end",
            ),
            (
                "app/controllers/profiles_controller.rb",
                "class ProfilesController < ApplicationController; end",
            ),
        ],
        routes: &[
            "GET / none",
            "GET /up none",
            "GET /articles none",
            "POST /articles required",
            "GET /articles/new required",
            "GET /articles/{id}/edit required",
            "GET /articles/{id} none",
            "PATCH /articles/{id} required",
            "PUT /articles/{id} required",
            "DELETE /articles/{id} required",
            "POST /articles/{article_id}/comments required",
            "DELETE /articles/{article_id}/comments/{id} required",
            "POST /articles/{id}/publish required",
            "GET /articles/archive none",
            "GET /profile required",
            "PATCH /profile required",
            "PUT /profile required",
            "GET /login none",
            "POST /login none",
            "DELETE /logout required",
        ],
    },
    Example {
        title: "an API in namespaces with a file of its own, and a concern that guards",
        files: &[
            (
                "config/application.rb",
                "module Shop\n  class Application < Rails::Application\n    \
                 config.api_only = true\n  end\nend\n",
            ),
            (
                "config/routes.rb",
                "Rails.application.routes.draw do\n  draw(:api)\n  \
                 match '*unmatched', to: 'errors#missing', via: :all\nend\n",
            ),
            (
                "config/routes/api.rb",
                r#"
namespace :api, defaults: { format: :json } do
  namespace :v1 do
    resources :orders, except: [:destroy] do
      resources :line_items, shallow: true, only: [:index, :show]
    end
    resources :products, param: :slug, only: :show
    scope :reports, controller: :reports do
      get :daily
      get "by/:month", action: :monthly
    end
  end
end
"#,
            ),
            (
                "app/controllers/concerns/token_gate.rb",
                r#"
module TokenGate
  extend ActiveSupport::Concern

  included do
    before_action :gate
  end

  class_methods do
    def open_to_all(**options)
      skip_before_action :gate, **options
    end
  end

  private

  def gate
    @key = ApiKey.find_by(digest: request.headers["X-Key"])
    render json: { error: "who are you" }, status: :unauthorized if @key.nil?
  end
end
"#,
            ),
            (
                "app/controllers/api/base_controller.rb",
                "module Api\n  class BaseController < ActionController::API\n    \
                 include TokenGate\n  end\nend\n",
            ),
            (
                "app/controllers/api/v1/orders_controller.rb",
                "class Api::V1::OrdersController < Api::BaseController\nend\n",
            ),
            (
                "app/controllers/api/v1/line_items_controller.rb",
                "module Api\n  module V1\n    class LineItemsController < BaseController\n    \
                 end\n  end\nend\n",
            ),
            (
                "app/controllers/api/v1/products_controller.rb",
                "module Api\n  module V1\n    class ProductsController < BaseController\n      \
                 open_to_all only: :show\n    end\n  end\nend\n",
            ),
            (
                "app/controllers/api/v1/reports_controller.rb",
                "module Api\n  module V1\n    class ReportsController < BaseController\n      \
                 skip_before_action :gate, if: -> { action_name == 'daily' }\n    \
                 end\n  end\nend\n",
            ),
        ],
        routes: &[
            "GET /api/v1/orders required",
            "POST /api/v1/orders required",
            "GET /api/v1/orders/{id} required",
            "PATCH /api/v1/orders/{id} required",
            "PUT /api/v1/orders/{id} required",
            "GET /api/v1/orders/{order_id}/line_items required",
            "GET /api/v1/line_items/{id} required",
            "GET /api/v1/products/{slug} none",
            "GET /api/v1/reports/daily none",
            "GET /api/v1/reports/by/{month} required",
            "ANY /{unmatched} none",
        ],
    },
    Example {
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
    },
    Example {
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
    },
    Example {
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
  before_action :set_locale, :set_current_user

  private

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
    },
    Example {
        title: "an engine of the same folder, mounted behind a sign-in",
        files: &[
            (
                "config/routes.rb",
                r#"
Rails.application.routes.draw do
  authenticated :user do
    mount Billing::Engine, at: "/billing"
  end
  mount ActionCable.server => "/cable"
end
"#,
            ),
            (
                "engines/billing/config/routes.rb",
                "Billing::Engine.routes.draw do\n  resources :plans, only: [:index]\nend\n",
            ),
            (
                "engines/billing/app/controllers/billing/plans_controller.rb",
                "module Billing\n  class PlansController < ActionController::API\n  end\nend\n",
            ),
        ],
        routes: &["GET /billing/plans required"],
    },
    Example {
        title: "no routes: clients, caches and comments",
        files: &[(
            "app/services/weather.rb",
            r#"
class Weather
  # get "/forecast", to: "forecast#show"
  def call
    conn = Faraday.new(url: "https://weather.example")
    conn.get("/forecast")
    Rails.cache.fetch("/x") { HTTParty.get("/y") }
    routes = { get: "/z" }
    routes.fetch(:get)
  end
end
"#,
        )],
        routes: &[],
    },
];
